import { unknownOperation } from './errors';
import { readBody } from './json';
import type { EndpointCall, EndpointReply } from './types';
import { escapeXml } from './xml';

/** The STS endpoint (query protocol): who am I, which clients ask before anything else. */
export function stsEndpoint(account: string) {
  return async (call: EndpointCall): Promise<EndpointReply> => {
    const form = new URLSearchParams((await readBody(call, 65_536)).toString('utf8'));
    const action = form.get('Action') ?? call.query.get('Action') ?? 'an empty Action';
    if (action !== 'GetCallerIdentity') throw unknownOperation('STS', action);
    const { arn, accessKeyId } = call.caller;
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body:
        `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${escapeXml(arn)}</Arn>` +
        `<UserId>${escapeXml(accessKeyId)}</UserId><Account>${account}</Account></GetCallerIdentityResult>` +
        `<ResponseMetadata><RequestId>${call.requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
    };
  };
}
