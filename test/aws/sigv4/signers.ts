import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import aws4 from 'aws4';
import type { AccessKey } from '../../../src/aws/sigv4/access-key.ts';
import type { RequestHead } from '../../../src/aws/sigv4/verify.ts';

/** A request before it is signed. */
export interface Draft {
  readonly method: string;
  /** As on the wire. */
  readonly path: string;
  /** Decoded. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request as it arrives. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

export interface Signing {
  readonly key: AccessKey;
  readonly region: string;
  readonly service: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Names that smithy is told to leave unsigned. */
  readonly leaveUnsigned?: readonly string[];
  /** Whether smithy adds x-amz-content-sha256; it does by default. */
  readonly checksum?: boolean;
}

export type Signer = (draft: Draft, signing: Signing) => Promise<WireRequest>;

/** Signs with @smithy/signature-v4, the signer of the AWS SDK for JavaScript. */
export const smithy: Signer = async (draft, signing) => {
  const signer = new SignatureV4({
    credentials: {
      accessKeyId: signing.key.id,
      secretAccessKey: signing.key.secret,
      ...(signing.key.sessionToken === undefined ? {} : { sessionToken: signing.key.sessionToken }),
    },
    region: signing.region,
    service: signing.service,
    sha256: Sha256,
    applyChecksum: signing.checksum ?? true,
  });
  const query: Record<string, string[]> = {};
  for (const [name, value] of draft.query) query[name] = [...(query[name] ?? []), value];
  const { method, path, headers, body } = draft;
  const signed = await signer.sign(
    { method, protocol: 'http:', hostname: 'ignored', path, query, headers: { ...headers }, body },
    { signingDate: new Date(signing.at), unsignableHeaders: new Set(signing.leaveUnsigned) },
  );
  return { method, target: path + queryString(draft.query), headers: onTheWire(signed.headers), body };
};

/** Signs with aws4, which shares no line with the AWS SDK. */
export const aws4Signer: Signer = async (draft, signing) => {
  const { method, headers, body } = draft;
  const signed = aws4.sign(
    {
      service: signing.service,
      region: signing.region,
      method,
      path: draft.path + queryString(draft.query),
      headers: { ...headers, 'X-Amz-Date': basicFormat(signing.at) },
      body,
    },
    {
      accessKeyId: signing.key.id,
      secretAccessKey: signing.key.secret,
      ...(signing.key.sessionToken === undefined ? {} : { sessionToken: signing.key.sessionToken }),
    },
  );
  return { method, target: signed.path, headers: onTheWire(signed.headers), body };
};

export function headOf(request: WireRequest): RequestHead {
  return { method: request.method, target: request.target, rawHeaders: request.headers.flat() };
}

export function headerOf(request: WireRequest, name: string): string {
  const found = request.headers.find(([candidate]) => candidate.toLowerCase() === name);
  if (found === undefined) throw new Error(`the request has no header ${name}`);
  return found[1];
}

/** The same request with one header's value changed; every line of that name. */
export function withHeader(request: WireRequest, name: string, change: (value: string) => string): WireRequest {
  const headers = request.headers.map(([candidate, value]) =>
    candidate.toLowerCase() === name ? ([candidate, change(value)] as const) : ([candidate, value] as const),
  );
  return { ...request, headers };
}

export function withoutHeader(request: WireRequest, name: string): WireRequest {
  return { ...request, headers: request.headers.filter(([candidate]) => candidate.toLowerCase() !== name) };
}

export function withLine(request: WireRequest, name: string, value: string, where: 'first' | 'last'): WireRequest {
  const line = [name, value] as const;
  return { ...request, headers: where === 'first' ? [line, ...request.headers] : [...request.headers, line] };
}

export function basicFormat(at: number): string {
  return new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

export function queryString(query: readonly (readonly [string, string])[]): string {
  const pieces = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return pieces.length === 0 ? '' : `?${pieces.join('&')}`;
}

/** Clients send UTF-8, node hands out one character a byte. */
export function onTheWire(headers: Readonly<Record<string, string | number>>): WireRequest['headers'] {
  return Object.entries(headers).map(([name, value]) => [name, Buffer.from(`${value}`, 'utf8').toString('latin1')]);
}

class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}
