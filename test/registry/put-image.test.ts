import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { Fault } from '../../src/model/fault.ts';
import { DOCKER_IMAGE_MANIFEST, OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../src/model/media-type.ts';
import type { TagMutability } from '../../src/model/tag-mutability.ts';
import { condemn } from '../../src/registry/collection/condemn.ts';
import { describeImages } from '../../src/registry/image/describe-images.ts';
import { type PushedImage, putImage } from '../../src/registry/image/put-image.ts';
import { findBlob } from '../../src/registry/layer/find-blobs.ts';
import type { Ports } from '../../src/registry/ports.ts';
import { getRepository, type RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { putTagMutability } from '../../src/registry/repository/tag-mutability.ts';
import { putTags } from '../contract/metadata/fixture.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import {
  type BuiltManifest,
  blobOf,
  buildImage,
  buildIndex,
  descriptorOf,
  makeRepository,
  pushBlob,
  pushImage,
  putManifest,
  tagOf,
} from '../support/images.ts';
import { openStores, type Stores, TEST_RETENTION } from '../support/stores.ts';

const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';
const CONFIG = blobOf('{}');

/** Pushes as ECR's PutImage does: the very same image again is refused. */
function put(
  ports: Ports,
  path: RepositoryPath,
  image: BuiltManifest,
  more: Partial<PushedImage> & { tagged?: string } = {},
) {
  const { tagged, ...rest } = more;
  return putImage(ports, path, {
    manifest: image.bytes,
    mediaType: undefined,
    tags: tagged === undefined ? [] : [tagOf(tagged)],
    digest: undefined,
    onRepeat: 'refuse',
    onMissing: 'refuse',
    ...rest,
  });
}

async function refusalOf(work: Promise<unknown>): Promise<Fault> {
  const refusal = await work.catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Fault);
  return refusal as Fault;
}

async function tagsIn({ ports }: Stores, path: RepositoryPath): Promise<Record<string, readonly string[]>> {
  const { items } = await describeImages(ports, path, { tagged: undefined, after: undefined, limit: 1000 });
  return Object.fromEntries(items.map((image) => [image.digest, image.tags]));
}

/** An image of `layers` whose bytes say what a test wants them to say. */
function imageOf(layers: readonly object[], more: object = {}): BuiltManifest {
  const document = {
    schemaVersion: 2,
    mediaType: OCI_IMAGE_MANIFEST,
    config: descriptorOf('application/vnd.oci.image.config.v1+json', CONFIG),
    layers,
    ...more,
  };
  return { ...blobOf(JSON.stringify(document)), mediaType: OCI_IMAGE_MANIFEST, blobs: [CONFIG], children: [] };
}

describe('Putting an image', () => {
  test('makes it visible under its digest and its tag, with everything that is known of it', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a', { annotations: { a: '1' } });
    for (const blob of image.blobs) await pushBlob(stores.ports, path, blob);
    const manifest = await put(stores.ports, path, image, { tagged: 'v1', digest: image.digest });
    expect(manifest.digest).toBe(image.digest);
    const { items } = await describeImages(stores.ports, path, { tagged: true, after: undefined, limit: 9 });
    expect(items).toEqual([
      {
        id: expect.any(Number),
        digest: image.digest,
        mediaType: OCI_IMAGE_MANIFEST,
        imageSize: image.blobs.reduce((sum, blob) => sum + blob.bytes.byteLength, 0),
        configMediaType: 'application/vnd.oci.image.config.v1+json',
        artifactType: 'application/vnd.oci.image.config.v1+json',
        subjectDigest: undefined,
        pushedAt: stores.clock.now(),
        lastPulledAt: undefined,
        tags: ['v1'],
      },
    ]);
  });

  test('without a tag leaves it untagged; a tag can come later, and the date of the push stays', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image);
    const pushedAt = stores.clock.now();
    stores.clock.advance(1000);
    await put(stores.ports, path, image, { tagged: 'v1' });
    await put(stores.ports, path, image, { tagged: 'v2' });
    const { items } = await describeImages(stores.ports, path, { tagged: undefined, after: undefined, limit: 9 });
    expect(items).toMatchObject([{ pushedAt, tags: ['v1', 'v2'] }]);
  });

  test('under a tag that another image has moves the tag, and leaves the other image untagged', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const [first, second] = [buildImage('first'), buildImage('second')];
    await pushImage(stores.ports, path, first, 'latest');
    await pushImage(stores.ports, path, second, 'latest');
    expect(await tagsIn(stores, path)).toEqual({ [first.digest]: [], [second.digest]: ['latest'] });
    await put(stores.ports, path, first, { tagged: 'latest' });
    expect(await tagsIn(stores, path)).toEqual({ [first.digest]: ['latest'], [second.digest]: [] });
  });

  test('keeps what the manifest says of its blobs, for the repository it is in', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const docker = buildImage('a', { mediaType: DOCKER_IMAGE_MANIFEST });
    await pushImage(stores.ports, path, docker);
    const typeOf = async (at: number) =>
      (await findBlob(stores.ports, path, docker.blobs[at]?.digest ?? ''))?.mediaType;
    expect(await typeOf(0)).toBe('application/vnd.docker.container.image.v1+json');
    expect(await typeOf(1)).toBe('application/vnd.docker.image.rootfs.diff.tar.gzip');
    await pushImage(stores.ports, path, buildImage('a'));
    expect(await typeOf(1)).toBe(LAYER_TYPE);
  });

  test('takes the sha512 digest when that is the one it is pushed by', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image);
    const digest = digestOf(image.bytes, 'sha512');
    const manifest = await put(stores.ports, path, image, { digest, tagged: 'v1' });
    expect(manifest.digest).toBe(digest);
    expect(await tagsIn(stores, path)).toEqual({ [image.digest]: [], [digest]: ['v1'] });
    await checkStores(stores);
  });
});

describe('Putting an index', () => {
  test('makes it as large as the largest image it lists, through any depth', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const [small, large] = [buildImage('small'), buildImage('large', { layers: [blobOf('x'.repeat(5000))] })];
    const inner = buildIndex([small, large]);
    const outer = buildIndex([inner, small]);
    await pushImage(stores.ports, path, outer, 'v1');
    const { items } = await describeImages(stores.ports, path, { tagged: undefined, after: undefined, limit: 9 });
    const size = Object.fromEntries(items.map((image) => [image.digest, image.imageSize]));
    expect(size[large.digest]).toBeGreaterThan(5000);
    expect(size[inner.digest]).toBe(size[large.digest]);
    expect(size[outer.digest]).toBe(size[large.digest]);
  });

  test('without entries is allowed, and is nothing large', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    await put(stores.ports, path, buildIndex([]), { tagged: 'empty' });
    const { items } = await describeImages(stores.ports, path, { tagged: undefined, after: undefined, limit: 9 });
    expect(items).toMatchObject([{ imageSize: 0, mediaType: OCI_IMAGE_INDEX, configMediaType: undefined }]);
  });

  test('is refused, with every digest that is missing, when the repository does not have what it lists', async () => {
    await using stores = await openStores();
    const [path, other] = [await makeRepository(stores.ports, 'app'), await makeRepository(stores.ports, 'other')];
    const [here, there, nowhere] = [buildImage('here'), buildImage('there'), buildImage('nowhere')];
    await pushImage(stores.ports, path, here);
    await pushImage(stores.ports, other, there);
    const refusal = await refusalOf(put(stores.ports, path, buildIndex([nowhere, here, there]), { tagged: 'v1' }));
    expect(refusal.code).toBe('ReferencedImagesNotFound');
    expect(refusal.message).toBe(
      `Images with digests '[${nowhere.digest}, ${there.digest}]' required for pushing image into repository with name 'app' in the registry with id '000000000000' do not exist`,
    );
    expect(Object.keys(await tagsIn(stores, path))).toEqual([here.digest]);
  });
});

describe('An image is refused', () => {
  test('when the repository does not exist', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const missing = { ...path, repositoryName: 'other' } as RepositoryPath;
    expect((await refusalOf(put(stores.ports, missing, buildIndex([])))).code).toBe('RepositoryNotFound');
  });

  test('when its blobs are missing or only another repository has them, all named in ascending order', async () => {
    await using stores = await openStores();
    const [path, other] = [await makeRepository(stores.ports, 'app'), await makeRepository(stores.ports, 'other')];
    const image = buildImage('a', { layers: [blobOf('1'), blobOf('2'), blobOf('3')] });
    await pushImage(stores.ports, other, image);
    const [config, ...layers] = image.blobs;
    if (config) await pushBlob(stores.ports, path, config);
    const refusal = await refusalOf(put(stores.ports, path, image, { tagged: 'v1' }));
    expect(refusal.code).toBe('LayersNotFound');
    const missing = layers.map((layer) => layer.digest).sort();
    expect(refusal.message).toBe(
      `Layers with digests '[${missing.join(',')}]' required for pushing image into repository with name 'app' in the registry with id '000000000000' do not exist`,
    );
    expect(await tagsIn(stores, path)).toEqual({});
  });

  test('when its digest is not the one that was named', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const refusal = await refusalOf(put(stores.ports, path, buildIndex([]), { digest: blobOf('other').digest }));
    expect(refusal.code).toBe('ImageDigestDoesNotMatch');
    expect(await tagsIn(stores, path)).toEqual({});
  });

  test('when it gives a layer another size than the layer has', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const layer = blobOf('layer');
    for (const blob of [CONFIG, layer]) await pushBlob(stores.ports, path, blob);
    const image = imageOf([{ ...descriptorOf(LAYER_TYPE, layer), size: 6 }]);
    const refusal = await refusalOf(put(stores.ports, path, image));
    expect(refusal.message).toContain(`${layer.digest} the size 6 where the layer has 5 bytes`);
  });

  test('when it is there already under the very same tag, or without one', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image, 'v1');
    const tagged = await refusalOf(put(stores.ports, path, image, { tagged: 'v1' }));
    expect(tagged.code).toBe('ImageAlreadyExists');
    expect(tagged.message).toContain(`Image with digest '${image.digest}' and tag 'v1' already exists`);
    const untagged = await refusalOf(put(stores.ports, path, image));
    expect(untagged.message).toContain("and tag 'null' already exists");
    await put(stores.ports, path, image, { tagged: 'v1', onRepeat: 'accept' });
    await put(stores.ports, path, image, { onRepeat: 'accept' });
    expect(await tagsIn(stores, path)).toEqual({ [image.digest]: ['v1'] });
  });

  test('when its bytes are there under another media type: a digest has one type for good', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const index = blobOf('{"schemaVersion":2,"manifests":[]}');
    const push = (mediaType: string) =>
      put(stores.ports, path, { ...buildIndex([]), ...index }, { mediaType, onRepeat: 'accept' });
    await push(OCI_IMAGE_INDEX);
    const refusal = await refusalOf(push('application/vnd.docker.distribution.manifest.list.v2+json'));
    expect(refusal.code).toBe('InvalidManifest');
    await push(OCI_IMAGE_INDEX);
  });

  test('when it would have its 1001st tag, but not when a tag it has is pushed again', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const image = buildImage('a');
    await pushImage(stores.ports, path, image);
    await stores.ports.metadata.write(async (tx) => {
      const repository = await getRepository(tx, path);
      const [found] = await tx.images.findAll(repository.id, [image.digest]);
      if (found) await putTags(tx, repository, found, ...Array.from({ length: 999 }, (_, at) => `t${at}`));
    });
    await put(stores.ports, path, image, { tagged: 'the-thousandth' });
    const refusal = await refusalOf(put(stores.ports, path, image, { tagged: 'one-more' }));
    expect(refusal.code).toBe('TagLimitExceeded');
    expect(refusal.message).toBe(
      "Adding tag 'one-more' to an image in the repository with name 'app' in registry with id '000000000000' exceeds the maximum allowed number of tags per image which is '1000'",
    );
    await put(stores.ports, path, image, { tagged: 't5', onRepeat: 'accept' });
    expect((await tagsIn(stores, path))[image.digest]).toHaveLength(1000);
  });
});

describe('A layer that the manifest names', () => {
  test('twice is counted and referenced once', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const layer = blobOf('layer');
    await pushImage(stores.ports, path, { ...buildImage('twice', { layers: [layer, layer, layer] }) }, 'v1');
    const { items } = await describeImages(stores.ports, path, { tagged: undefined, after: undefined, limit: 9 });
    const config = buildImage('twice', { layers: [layer, layer, layer] }).blobs[0];
    expect(items[0]?.imageSize).toBe(5 + (config?.bytes.byteLength ?? 0));
    await checkStores(stores);
  });

  test('as living elsewhere may be missing; when it is here, it is kept as long as the image', async () => {
    await using stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const [here, there] = [blobOf('here'), blobOf('there')];
    for (const blob of [CONFIG, here]) await pushBlob(stores.ports, path, blob);
    const urls = ['https://example.com/layer'];
    const layers = [here, there].map((layer) => ({ ...descriptorOf(LAYER_TYPE, layer), urls }));
    await put(stores.ports, path, imageOf(layers), { tagged: 'v1' });
    stores.clock.advance(TEST_RETENTION.lease * 2);
    await collect(stores.ports);
    expect((await findBlob(stores.ports, path, here.digest))?.referenced).toBe(true);
    expect(await findBlob(stores.ports, path, there.digest)).toBeUndefined();
    const required = imageOf([...layers, descriptorOf(LAYER_TYPE, there)]);
    expect((await refusalOf(put(stores.ports, path, required))).code).toBe('LayersNotFound');
  });
});

describe('Where tags are immutable', () => {
  const setUp = async (mutability: TagMutability) => {
    const stores = await openStores();
    const path = await makeRepository(stores.ports, 'app');
    const [first, second] = [buildImage('first'), buildImage('second')];
    await pushImage(stores.ports, path, first, 'v1', 'dev-1');
    await pushImage(stores.ports, path, second);
    await putTagMutability(stores.ports, path, mutability);
    return { stores, path, first, second };
  };

  test.each<[TagMutability['mode'], string[], string[], string[]]>([
    ['MUTABLE', [], ['v1', 'dev-1'], []],
    ['IMMUTABLE', [], [], ['v1', 'dev-1']],
    ['MUTABLE_WITH_EXCLUSION', ['v*'], ['dev-1'], ['v1']],
    ['IMMUTABLE_WITH_EXCLUSION', ['v*'], ['v1'], ['dev-1']],
  ])(
    'as %s with the filters %j, the tags %j move and the tags %j do not; new ones can be put',
    async (mode, exclusionFilters, moving, staying) => {
      const { stores, path, first, second } = await setUp({ mode, exclusionFilters });
      await using _ = stores;
      for (const tagged of staying) {
        for (const onRepeat of ['refuse', 'accept'] as const) {
          const refusal = await refusalOf(put(stores.ports, path, second, { tagged, onRepeat }));
          expect(refusal.code).toBe('ImageTagAlreadyExists');
          expect(refusal.message).toBe(
            `The image tag '${tagged}' already exists in the 'app' repository and cannot be overwritten because the tag is immutable.`,
          );
        }
      }
      for (const tagged of moving) await put(stores.ports, path, second, { tagged });
      await put(stores.ports, path, second, { tagged: 'new' });
      expect(await tagsIn(stores, path)).toEqual({ [first.digest]: staying, [second.digest]: [...moving, 'new'] });
    },
  );

  test("the very same image and tag is ImageAlreadyExists for ECR's API, and immutable for the distribution protocol", async () => {
    const { stores, path, first } = await setUp({ mode: 'IMMUTABLE', exclusionFilters: [] });
    await using _ = stores;
    expect((await refusalOf(put(stores.ports, path, first, { tagged: 'v1' }))).code).toBe('ImageAlreadyExists');
    const accepting = put(stores.ports, path, first, { tagged: 'v1', onRepeat: 'accept' });
    expect((await refusalOf(accepting)).code).toBe('ImageTagAlreadyExists');
  });

  test('GC-21: of many images pushed at once under one tag, exactly one gets it', async () => {
    const { stores, path } = await setUp({ mode: 'IMMUTABLE', exclusionFilters: [] });
    await using _ = stores;
    const images = Array.from({ length: 20 }, (_, at) => buildIndex([], { annotations: { at: `${at}` } }));
    const outcomes = await Promise.allSettled(images.map((image) => put(stores.ports, path, image, { tagged: 'new' })));
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Fault] : []));
    expect(refusals.map((refusal) => refusal.code)).toEqual(Array.from({ length: 19 }, () => 'ImageTagAlreadyExists'));
  });
});

test('GC-06: a lease that ends as the manifest is put counts for the one who came first', async () => {
  await using stores = await openStores();
  const path = await makeRepository(stores.ports, 'app');
  const [early, late] = [buildImage('early'), buildImage('late')];
  for (const image of [early, late]) for (const blob of image.blobs) await pushBlob(stores.ports, path, blob);
  stores.clock.advance(TEST_RETENTION.lease);
  await putManifest(stores.ports, path, early, 'early');
  await condemn(stores.ports);
  expect((await refusalOf(putManifest(stores.ports, path, late, 'late'))).code).toBe('LayersNotFound');
  await collect(stores.ports);
  await checkStores(stores);
});
