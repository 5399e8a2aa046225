import { type Digest, parseDigest } from '../model/digest.ts';
import { Fault } from '../model/fault.ts';
import { parseReference, type Reference } from '../model/reference.ts';
import { parseRepositoryName, type RepositoryName } from '../model/repository-name.ts';

interface InRepository {
  readonly repositoryName: RepositoryName;
}

/** The paths of the distribution protocol, and what each one names. */
export interface Names {
  /** `/v2/` */
  readonly root: object;
  /** `/v2/_catalog` */
  readonly catalog: object;
  /** `/v2/<name>/tags/list` */
  readonly tags: InRepository;
  /** `/v2/<name>/manifests/<reference>` */
  readonly manifest: InRepository & { readonly reference: Reference };
  /** `/v2/<name>/referrers/<digest>` */
  readonly referrers: InRepository & { readonly digest: Digest };
  /** `/v2/<name>/blobs/<digest>` */
  readonly blob: InRepository & { readonly digest: Digest };
  /** `/v2/<name>/blobs/uploads/` */
  readonly uploads: InRepository;
  /** `/v2/<name>/blobs/uploads/<id>` */
  readonly upload: InRepository & { readonly uploadId: string };
}

export type Shape = keyof Names;

export type OciPath<S extends Shape = Shape> = { [K in S]: { readonly shape: K; readonly names: Names[K] } }[S];

/**
 * Reads a path as it stands on the request line, without the query. `undefined` if it has no shape of the protocol.
 *
 * Names contain slashes and may contain the protocol's own words (`a/tags/list` is a name), so a path is read from its end:
 * its last segments say what it is, and all before them is the name. Nothing is decoded but the colon of a digest, and no
 * dot segment is resolved: what is left encoded is in no alphabet here, so it is refused as the name or digest it is not.
 *
 * @throws Fault `InvalidName`, `InvalidReference`, `InvalidDigest`
 */
export function parsePath(path: string): OciPath | undefined {
  if (path === '/v2' || path === '/v2/') return { shape: 'root', names: {} };
  if (!path.startsWith('/v2/')) return undefined;
  const segments = path.slice('/v2/'.length).split('/');
  const [third, second, last] = [segments.at(-3), segments.at(-2), segments.at(-1) ?? ''];
  const nameBefore = (count: number) => ({ repositoryName: repositoryName(segments.slice(0, -count)) });

  if (segments.length === 1) return last === '_catalog' ? { shape: 'catalog', names: {} } : undefined;
  if (second === 'tags' && last === 'list') return { shape: 'tags', names: nameBefore(2) };
  if (second === 'manifests') return { shape: 'manifest', names: { ...nameBefore(2), reference: reference(last) } };
  if (second === 'referrers') return { shape: 'referrers', names: { ...nameBefore(2), digest: digest(last) } };
  if (third === 'blobs' && second === 'uploads') {
    if (last === '') return { shape: 'uploads', names: nameBefore(3) };
    return { shape: 'upload', names: { ...nameBefore(3), uploadId: last } };
  }
  if (second === 'blobs' && last === 'uploads') return { shape: 'uploads', names: nameBefore(2) };
  if (second === 'blobs') return { shape: 'blob', names: { ...nameBefore(2), digest: digest(last) } };
  return undefined;
}

function repositoryName(segments: readonly string[]): RepositoryName {
  const text = segments.join('/');
  const name = parseRepositoryName(text);
  if (name === undefined) throw new Fault('InvalidName', { name: text });
  return name;
}

function reference(segment: string): Reference {
  const text = withColon(segment);
  const parsed = parseReference(text);
  if (parsed !== undefined) return parsed;
  throw text.includes(':')
    ? new Fault('InvalidDigest', { digest: text })
    : new Fault('InvalidReference', { reference: text });
}

function digest(segment: string): Digest {
  const text = withColon(segment);
  const parsed = parseDigest(text);
  if (parsed === undefined) throw new Fault('InvalidDigest', { digest: text });
  return parsed;
}

/** Some clients encode the colon of a digest, as RFC 3986 lets them. */
function withColon(segment: string): string {
  return segment.replace(/%3a/gi, ':');
}
