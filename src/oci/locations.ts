import type { Upload } from '../metadata/uploads.ts';
import type { Digest } from '../model/digest.ts';
import type { Call } from './call.ts';

type Parameters = readonly [name: string, value: string][];
type InNamespace = Pick<Call, 'namespace'>;

/** A path of this registry for a header, without scheme and host: a client resolves it against what it reached us by. */
export function pathTo({ namespace }: InNamespace, path: string, parameters: Parameters = []): string {
  const query = new URLSearchParams(parameters);
  if (namespace !== undefined) query.append('ns', namespace);
  return query.size === 0 ? `/v2/${path}` : `/v2/${path}?${query}`;
}

/** The header that leads to the page after `last` (RFC 8288); none on the last page. */
export function linkToNext(
  call: InNamespace,
  path: string,
  last: string | undefined,
  parameters: Parameters = [],
): Record<string, string> {
  return last === undefined ? {} : { Link: `<${pathTo(call, path, [...parameters, ['last', last]])}>; rel="next"` };
}

export function blobHeaders(call: Call<'upload' | 'uploads'>, digest: Digest): Record<string, string> {
  return {
    Location: pathTo(call, `${call.target.repositoryName}/blobs/${digest}`),
    'Docker-Content-Digest': digest,
  };
}

/** Where the upload goes on, and what of it has arrived. The protocol cannot say "nothing": that is `0-0`, as one byte is. */
export function uploadHeaders(
  call: Call<'upload' | 'uploads'>,
  { id, offset }: Pick<Upload, 'id' | 'offset'>,
): Record<string, string> {
  return {
    Location: pathTo(call, `${call.target.repositoryName}/blobs/uploads/${id}`),
    Range: `0-${Math.max(0, offset - 1)}`,
    'Docker-Upload-UUID': id,
  };
}
