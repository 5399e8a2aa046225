import { withoutPassword } from '../model/shown-address.ts';

/** Where the metadata is: in the data folder, or in a database that other processes use, too. */
export type DatabasePlace = { readonly kind: 'sqlite' } | { readonly kind: 'postgres'; readonly url: string };

/** Where the bytes of blobs are: in the data folder, or in a bucket, below a prefix that may be empty. */
export type BlobsPlace =
  | { readonly kind: 'files' }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string };

/** Whether anything is kept in the data folder. */
export function usesDataFolder(places: { readonly database: DatabasePlace; readonly blobs: BlobsPlace }): boolean {
  return places.database.kind === 'sqlite' || places.blobs.kind === 'files';
}

/** `sqlite`, or the address of a PostgreSQL database. What the address leaves out, libpq's variables say (`PGPASSWORD` …). */
export function parseDatabase(given: string): DatabasePlace | undefined {
  if (given === 'sqlite') return { kind: 'sqlite' };
  if (!/^postgres(?:ql)?:\/\//.test(given) || !URL.canParse(given)) return undefined;
  return { kind: 'postgres', url: given };
}

/** For people, who must not see the password. */
export function showDatabase(place: DatabasePlace): string {
  return place.kind === 'sqlite' ? place.kind : withoutPassword(place.url);
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/** `files`, or `s3://bucket/prefix`; the prefix may be left out, and one slash at the end is nothing. */
export function parseBlobs(given: string): BlobsPlace | undefined {
  if (given === 'files') return { kind: 'files' };
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(given) ?? [];
  const prefix = path.replace(/\/$/, '');
  if (!BUCKET.test(bucket) || (prefix !== '' && (prefix.length > 512 || !PREFIX.test(prefix)))) return undefined;
  return { kind: 's3', bucket, prefix };
}

export function showBlobs(place: BlobsPlace): string {
  if (place.kind === 'files') return place.kind;
  return `s3://${place.bucket}${place.prefix === '' ? '' : `/${place.prefix}`}`;
}

/** Scheme, host and perhaps a port of a server that speaks S3. */
export function parseS3Endpoint(given: string): string | undefined {
  if (!URL.canParse(given)) return undefined;
  const { protocol, origin, pathname, search, hash, username, password } = new URL(given);
  const bare = pathname === '/' && search === '' && hash === '' && username === '' && password === '';
  return bare && ['http:', 'https:'].includes(protocol) ? origin : undefined;
}
