import { type Content, IMAGE, INDEX } from './content.ts';
import type { Pushed, Pusher } from './push.ts';
import { quote } from './wire.ts';

const ACCEPT = { accept: `${IMAGE}, ${INDEX}` };

type Puller = Pick<Pusher, 'wire' | 'journal'>;

/** Pulls an image that must be there, with all it names, and compares every byte. */
export async function pullImage(
  { wire, journal }: Puller,
  repository: string,
  content: Content,
  tag: string | undefined,
): Promise<Pushed> {
  const path = `/v2/${repository}/manifests/${tag ?? content.digest}`;
  const manifest = await wire.oci('get-manifest', 'GET', path, ACCEPT);
  if (manifest.outcome === 'unknown') return 'unknown';
  if (manifest.outcome === 'refused') {
    journal.find('lost', `GET ${path}: ${quote(manifest)}`);
    return 'refused';
  }
  if (!manifest.body.equals(content.bytes)) journal.find('damaged', `${path} has other bytes`);
  for (const blob of content.blobs) {
    const path = `/v2/${repository}/blobs/${blob.digest}`;
    const got = await wire.oci('get-blob', 'GET', path);
    if (got.outcome === 'unknown') return 'unknown';
    if (got.outcome === 'refused') journal.find('damaged', `GET ${path} of ${content.digest}: ${quote(got)}`);
    else if (!got.body.equals(blob.bytes)) journal.find('damaged', `${path} has other bytes`);
  }
  for (const child of content.children) {
    const pulled = await pullImage({ wire, journal }, repository, child, undefined);
    if (pulled !== 'ok') return pulled;
  }
  return 'ok';
}
