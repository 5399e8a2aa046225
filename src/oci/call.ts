import type { IncomingHttpHeaders } from 'node:http';
import type { BlobStream } from '../blobs/blob-stream.ts';
import type { BodyStream } from '../http/read-body.ts';
import { repositoryArn } from '../model/arn.ts';
import type { Registry } from '../model/registry.ts';
import type { Action, Authorizer } from '../policy/authorizer.ts';
import type { Principal } from '../policy/principal.ts';
import type { Names, Shape } from './parse-path.ts';

/** A request that has been authenticated and understood, for an endpoint to answer. */
export interface Call<S extends Shape = Shape> {
  readonly method: string;
  readonly principal: Principal;
  /** What the path names, in which registry: for most rules, their first argument. */
  readonly target: Names[S] & { readonly registry: Registry };
  readonly query: URLSearchParams;
  /** The `ns` parameter, if it decided which registry is meant: paths in answers must carry it on. */
  readonly namespace: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Not read yet. */
  readonly body: BodyStream;
}

export interface Answer {
  readonly status: number;
  /** A list is sent as a header for each of its values. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Bytes, or a stream whose length is in `Content-Length`. HEAD gets the headers only. */
  readonly body?: Uint8Array | BlobStream;
}

/**
 * Asks whether the caller may do this to the repository.
 *
 * @throws Fault `AccessDenied`
 */
export async function authorize(
  { authorizer }: { readonly authorizer: Authorizer },
  { principal, target }: Pick<Call, 'principal' | 'target'>,
  action: Action,
  repositoryName: string | undefined,
): Promise<void> {
  const resource = repositoryName === undefined ? '*' : repositoryArn(target.registry, repositoryName);
  await authorizer.authorize(principal, action, resource);
}

export function hasBody({ headers }: Pick<Call, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

export function jsonBody(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
