import type { BenchImage } from './images.ts';
import { MANIFEST_TYPE } from './images.ts';
import type { Requests } from './requests.ts';

/** A registry under measurement. Pushing and reading go over the distribution protocol; deleting each its own way. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly requests: Requests;
  readonly pid: number;
  /** Deletes every image, in whatever way this registry is fastest at. */
  deleteAll(repository: string, images: readonly BenchImage[], concurrency: number): Promise<void>;
}

/** Pushes as docker does: POST, PATCH and PUT for each blob, then the manifest by tag. */
export async function pushImage(
  { requests }: Pick<Contender, 'requests'>,
  repository: string,
  image: BenchImage,
): Promise<void> {
  for (const { digest, bytes } of image.blobs) {
    const begun = await requests.expect(202, 'POST', `/v2/${repository}/blobs/uploads/`);
    const type = { 'content-type': 'application/octet-stream' };
    const sent = await requests.expect(202, 'PATCH', String(begun.headers['location']), type, bytes);
    const location = String(sent.headers['location']);
    const query = `${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
    await requests.expect(201, 'PUT', location + query);
  }
  const type = { 'content-type': MANIFEST_TYPE };
  await requests.expect(201, 'PUT', `/v2/${repository}/manifests/${image.tag}`, type, image.manifest);
}

export async function readManifest({ requests }: Contender, repository: string, image: BenchImage): Promise<void> {
  const answer = await requests.expect(200, 'GET', `/v2/${repository}/manifests/${image.tag}`, {
    accept: MANIFEST_TYPE,
  });
  if (!answer.body.equals(image.manifest)) throw new Error(`${image.tag} came back with other bytes`);
}

/** Does `work` for every item, `concurrency` of them at a time. */
export async function each<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const worker = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
