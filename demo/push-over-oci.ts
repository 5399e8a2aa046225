import { Readable } from 'node:stream';
import { MANIFEST_TYPE, type Part, type RealImage, read } from './real-image.ts';

export interface OciTarget {
  readonly origin: string;
  readonly repository: string;
  readonly tag: string;
  /** `AWS:<password>` in base64: what GetAuthorizationToken answers. */
  readonly token: string;
}

/** Pushes as docker does: for each blob POST, PATCH, PUT; then the manifest by tag. */
export async function pushOverOci(image: RealImage, target: OciTarget): Promise<void> {
  for (const part of [image.config, ...image.layers]) await pushBlob(part, target);
  await call(target, `/v2/${target.repository}/manifests/${target.tag}`, 201, {
    method: 'PUT',
    headers: { 'content-type': MANIFEST_TYPE },
    body: image.manifest,
  });
}

async function pushBlob(part: Part, target: OciTarget): Promise<void> {
  const begun = await call(target, `/v2/${target.repository}/blobs/uploads/`, 202, { method: 'POST' });
  const sent = await call(target, locationOf(begun), 202, {
    method: 'PATCH',
    headers: { 'content-type': 'application/octet-stream' },
    body: Readable.toWeb(read(part)),
    duplex: 'half',
  });
  const location = new URL(locationOf(sent), target.origin);
  location.searchParams.set('digest', part.digest);
  await call(target, `${location.pathname}${location.search}`, 201, { method: 'PUT' });
}

/** The manifest that the tag leads to, as any client would read it. */
export async function pullManifest(target: OciTarget): Promise<Buffer> {
  const answer = await call(target, `/v2/${target.repository}/manifests/${target.tag}`, 200, {
    headers: { accept: MANIFEST_TYPE },
  });
  return Buffer.from(await answer.arrayBuffer());
}

async function call(target: OciTarget, path: string, expected: number, init: RequestInit & { duplex?: 'half' }) {
  const headers = { ...(init.headers as Record<string, string>), authorization: `Basic ${target.token}` };
  const answer = await fetch(new URL(path, target.origin), { ...init, headers });
  if (answer.status !== expected) {
    throw new Error(`${init.method ?? 'GET'} ${path} answered ${answer.status}: ${await answer.text()}`);
  }
  return answer;
}

function locationOf(answer: Response): string {
  const location = answer.headers.get('location');
  if (location === null) throw new Error('An upload began without a Location');
  return location;
}
