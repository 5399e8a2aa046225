import { authorizationFor } from '../data/berth.ts';
import { EcrClient } from '../delete/ecr-client.ts';
import { Requests } from '../requests.ts';
import { Content, type ScaleImage } from './images.ts';
import type { Installation } from './installation.ts';
import { type Measured, runLoad } from './run-load.ts';
import type { Calls } from './work.ts';

/** How much of everything. */
export interface Size {
  /** Uploads a round; each becomes the config of two images. */
  readonly uploads: number;
  readonly clients: number;
  /** Of each measure that only reads. */
  readonly seconds: number;
}

/** What is measured, in this order: later ones use what earlier ones brought. */
export const MEASURES = [
  'InitiateLayerUpload',
  'UploadLayerPart',
  'CompleteLayerUpload',
  'PutImage',
  'BatchGetImage',
  'BatchCheckLayerAvailability',
  'GetDownloadUrlForLayer',
  'GetAuthorizationToken',
  'pulls',
  'BatchDeleteImage',
] as const;
export type Measure = (typeof MEASURES)[number];

const IDS_A_CALL = 100;
/** Different calls of one operation that only reads. */
const DIFFERENT = 400;

/** One round against one installation, in repositories of its own. */
export async function measureRound(
  installation: Installation,
  name: string,
  { uploads, clients, seconds }: Size,
): Promise<ReadonlyMap<Measure, Measured>> {
  const content = new Content(name, uploads);
  const authorization = await begin(installation, content);
  const results = new Map<Measure, Measured>();
  const call = async (operation: Measure, inputs: readonly object[], more: Partial<Calls> = {}) => {
    const work = { kind: 'calls', operation, inputs, ...more } as const;
    const measured = await runLoad(installation, clients, work);
    results.set(operation, measured);
    return measured;
  };

  const begun = content.configs.map((_, number) => ({ repositoryName: content.repositoryOf(number) }));
  const { kept } = await call('InitiateLayerUpload', begun, { keep: 'uploadId' });
  const uploading = content.configs.map((config, number) => {
    return { repositoryName: content.repositoryOf(number), uploadId: kept[number], ...config };
  });
  await call(
    'UploadLayerPart',
    uploading.map(({ repositoryName, uploadId, bytes }) => {
      const part = { partFirstByte: 0, partLastByte: bytes.byteLength - 1, layerPartBlob: bytes.toString('base64') };
      return { repositoryName, uploadId, ...part };
    }),
  );
  await call(
    'CompleteLayerUpload',
    uploading.map(({ repositoryName, uploadId, digest }) => ({ repositoryName, uploadId, layerDigests: [digest] })),
  );
  const images = content.images();
  await call(
    'PutImage',
    images.map(({ repository, tag, manifest }) => {
      return { repositoryName: repository, imageTag: tag, imageManifest: manifest };
    }),
  );

  const some = images.slice(0, DIFFERENT);
  const ofSome = (input: (image: ScaleImage) => object) =>
    some.map((image) => ({ repositoryName: image.repository, ...input(image) }));
  await call(
    'BatchGetImage',
    ofSome(({ tag }) => ({ imageIds: [{ imageTag: tag }] })),
    { seconds, empty: 'failures' },
  );
  const layerDigests = ({ blobs }: ScaleImage) => ({ layerDigests: blobs.map(({ digest }) => digest) });
  await call('BatchCheckLayerAvailability', ofSome(layerDigests), { seconds, empty: 'failures' });
  await call(
    'GetDownloadUrlForLayer',
    ofSome(({ blobs }) => ({ layerDigest: blobs[0]?.digest })),
    { seconds },
  );
  await call(
    'GetAuthorizationToken',
    some.map(() => ({})),
    { seconds },
  );
  results.set('pulls', await runLoad(installation, clients, { kind: 'pulls', authorization, images: some, seconds }));

  // One image stays in each repository, and with it the layers that all share.
  const doomed = [...Map.groupBy(images, ({ repository }) => repository)].flatMap(([repositoryName, alike]) =>
    batchesOf(alike.slice(1)).map((batch) => {
      return { repositoryName, imageIds: batch.map(({ digest }) => ({ imageDigest: digest })) };
    }),
  );
  const deleted = await call('BatchDeleteImage', doomed, { empty: 'failures' });
  const count = doomed.reduce((sum, { imageIds }) => sum + imageIds.length, 0);
  // Told as images.
  results.set('BatchDeleteImage', { ...deleted, rate: deleted.rate * (count / doomed.length) });
  return results;
}

/** The repositories, and the layers that all of their images share. Answers what `docker login` would send. */
async function begin({ origins }: Installation, { repositories, layers }: Content): Promise<string> {
  const [origin = ''] = origins;
  const authorization = await authorizationFor(origin);
  using client = new EcrClient(origin);
  using requests = new Requests(origin, { authorization });
  for (const repositoryName of repositories) {
    await client.call('CreateRepository', { repositoryName });
    for (const { digest, bytes } of layers) {
      const path = `/v2/${repositoryName}/blobs/uploads/?digest=${digest}`;
      await requests.expect(201, 'POST', path, { 'content-type': 'application/octet-stream' }, bytes);
    }
  }
  return authorization;
}

function batchesOf(images: readonly ScaleImage[]): ScaleImage[][] {
  const batches: ScaleImage[][] = [];
  for (let at = 0; at < images.length; at += IDS_A_CALL) batches.push(images.slice(at, at + IDS_A_CALL));
  return batches;
}
