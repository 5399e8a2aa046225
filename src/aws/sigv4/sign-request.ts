import { ALGORITHM } from './authorization-header.ts';
import { canonicalHead, hashCanonicalRequest } from './canonical-request.ts';
import { scopeAt, scopeText } from './credential-scope.ts';
import { readHeaderLines } from './header-lines.ts';
import { hashPayload } from './payload.ts';
import { basicFormat } from './request-date.ts';
import { parseTarget } from './request-target.ts';
import { deriveSigningKey, sign } from './signing-key.ts';

/** A request before it is signed. */
export interface UnsignedRequest {
  readonly method: string;
  /** As on the wire. */
  readonly target: string;
  /** `host` among them; none of those that signing adds. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface SigningParts {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region: string;
  readonly service: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The headers of the request, its signature among them: all of them are signed. What `admit` checks, from the other side. */
export function signRequest(request: UnsignedRequest, by: SigningParts): Record<string, string> {
  const stamp = basicFormat(by.at);
  const payloadHash = hashPayload(request.body, undefined);
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-date': stamp,
    'x-amz-content-sha256': payloadHash,
    ...(by.sessionToken !== undefined && { 'x-amz-security-token': by.sessionToken }),
  };
  const lines = readHeaderLines(Object.entries(headers).flat());
  const signedHeaders = [...lines.keys()].sort();
  const scope = scopeAt(stamp, by.region, by.service);
  const head = canonicalHead(request.method, parseTarget(request.target), lines, signedHeaders);
  const key = deriveSigningKey(by.secretAccessKey, scope);
  const signature = sign(key, { stamp, at: by.at }, scope, hashCanonicalRequest(head, payloadHash)).toString('hex');
  const authorization = `${ALGORITHM} Credential=${by.accessKeyId}/${scopeText(scope)}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return { ...headers, authorization };
}
