import { EndpointError } from './errors';
import type { EndpointCall } from './types';

export type Input = Readonly<Record<string, unknown>>;

/** Largest body of a JSON call: 10 MiB of records in base64, and room for the rest. */
const MAX_BODY_BYTES = 18 * 1024 * 1024;

/** Reads a whole body. @throws EndpointError RequestEntityTooLarge. */
export async function readBody(call: EndpointCall, maxBytes = MAX_BODY_BYTES): Promise<Buffer> {
  call.continueBody();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of call.body) {
    size += (chunk as Buffer).length;
    if (size > maxBytes)
      throw new EndpointError('RequestEntityTooLargeException', `the request exceeds ${maxBytes} bytes`, 413);
    chunks.push(chunk as Buffer);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

/** Reads a JSON object. */
export async function readInput(call: EndpointCall): Promise<Input> {
  const body = await readBody(call);
  if (body.length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)) return parsed as Input;
  } catch {
    // The parser's own message would quote the body, and the body may carry a patient.
  }
  throw new EndpointError('SerializationException', 'the request body is not a JSON object');
}

const invalid = (member: string, constraint: string): EndpointError =>
  new EndpointError(
    'ValidationException',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`,
  );

/** A text member, or undefined. */
export function text(input: Input, member: string): string | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new EndpointError('SerializationException', `${member} is not a string`);
  return value;
}

/** A text member that must be there. */
export function required(input: Input, member: string): string {
  const value = text(input, member);
  if (value === undefined) throw invalid(member, 'Member must not be null');
  return value;
}

/** A whole number within bounds, or the default. */
export function integer(input: Input, member: string, fallback: number, min: number, max: number): number {
  const value = input[member];
  if (value === undefined || value === null) return fallback;
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new EndpointError('SerializationException', `${member} is not an integer`);
  if (value < min) throw invalid(member, `Member must have value greater than or equal to ${min}`);
  if (value > max) throw invalid(member, `Member must have value less than or equal to ${max}`);
  return value;
}

/** A list of objects within bounds. */
export function items(input: Input, member: string, min: number, max: number): Input[] {
  const value = input[member];
  if (!Array.isArray(value)) throw invalid(member, 'Member must not be null');
  if (value.length < min) throw invalid(member, `Member must have length greater than or equal to ${min}`);
  if (value.length > max) throw invalid(member, `Member must have length less than or equal to ${max}`);
  return value as Input[];
}

/** Refuses a text outside its length. */
export function checkLength(value: string, member: string, min: number, max: number): string {
  if (value.length < min) throw invalid(member, `Member must have length greater than or equal to ${min}`);
  if (value.length > max) throw invalid(member, `Member must have length less than or equal to ${max}`);
  return value;
}

/** Paging tokens are opaque to clients; here they are base64 of what to go on from. */
export const seal = (content: unknown): string => Buffer.from(JSON.stringify(content)).toString('base64');

/** @throws EndpointError of the given code for a token that this endpoint did not make. */
export function unseal<T>(token: string, code: string): T {
  try {
    return JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as T;
  } catch {
    throw new EndpointError(code, 'the token was not issued by this service');
  }
}
