'use strict';
/**
 * Runs one function in a process of its own, as the Lambda runtime does: loads the handler once, then answers one invocation after the other.
 * Messages in: {id, payload (JSON text), deadlineMs, arn}; out: {ready}, {id, result (JSON text)} or {id, error: {errorType, errorMessage, trace}}.
 */
const { join } = require('node:path');

const { LAMBDA_TASK_ROOT: root, _HANDLER: name, AWS_LAMBDA_FUNCTION_NAME: functionName } = process.env;
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024;

const fault = (error) => ({
  errorType: (error && (error.name || (error.constructor && error.constructor.name))) || 'Error',
  errorMessage: String((error && error.message) || error),
  trace: String((error && error.stack) || '').split('\n'),
});

/**
 * A line in CloudWatch's embedded metric format is told to the platform before it is printed: a metric of an invocation has arrived
 * when its reply does. Its size is small and its lines whole, since Powertools prints each with one write.
 */
const print = process.stdout.write.bind(process.stdout);
process.stdout.write = (chunk, ...rest) => {
  const text = String(chunk);
  if (text.includes('"CloudWatchMetrics"')) process.send({ metrics: text });
  return print(chunk, ...rest);
};

let handler;
let initFault;
try {
  const dot = name.lastIndexOf('.');
  handler = require(join(root, name.slice(0, dot)))[name.slice(dot + 1)];
  if (typeof handler !== 'function') {
    const error = new Error(`${name} is undefined or not exported`);
    error.name = 'Runtime.HandlerNotFound';
    throw error;
  }
} catch (error) {
  initFault = fault(error);
}

const answer = async ({ id, payload, deadlineMs, arn }) => {
  if (initFault) return { id, error: initFault };
  const context = {
    awsRequestId: id,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: arn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
  const started = Date.now();
  try {
    const result = JSON.stringify((await handler(JSON.parse(payload), context)) ?? null);
    if (Buffer.byteLength(result) > MAX_RESPONSE_BYTES)
      return {
        id,
        error: {
          errorType: 'Function.ResponseSizeTooLarge',
          errorMessage: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
          trace: [],
        },
      };
    return { id, result };
  } catch (error) {
    // As Lambda's runtime does: the log keeps what the caller may not.
    console.error(JSON.stringify({ level: 'ERROR', requestId: id, message: 'Invoke Error', ...fault(error) }));
    return { id, error: fault(error) };
  } finally {
    console.log(JSON.stringify({ type: 'platform.report', requestId: id, durationMs: Date.now() - started }));
  }
};

process.on('message', (message) => {
  answer(message).then((reply) => process.send(reply));
});
// Without its platform a function has nobody to answer to; it must not outlive a killed one.
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });
