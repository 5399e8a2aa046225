import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../src/model/manifest.ts';
import { DOCKER_IMAGE_MANIFEST, OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../src/model/media-type.ts';
import { convertManifest } from '../../src/registry/image/convert-manifest.ts';
import { type BuiltManifest, blobOf, buildImage, buildIndex } from '../support/images.ts';

const oci = buildImage('a', { layers: [blobOf('1'), blobOf('2')] });
const docker = buildImage('a', { layers: [blobOf('1'), blobOf('2')], mediaType: DOCKER_IMAGE_MANIFEST });
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';

const convert = ({ mediaType, bytes }: BuiltManifest, ...accepted: string[]) =>
  convertManifest({ mediaType, bytes }, accepted);

function withTypes(image: BuiltManifest, from: string, to: string): BuiltManifest {
  return { ...image, bytes: Buffer.from(Buffer.from(image.bytes).toString().replaceAll(from, to)) };
}

describe('A manifest is converted', () => {
  test.each([
    ["from docker's schema 2 to OCI", docker, oci],
    ["from OCI to docker's schema 2", oci, docker],
  ])('%s, with its config and its layers', (_, from, to) => {
    const converted = convert(from, to.mediaType);
    expect(converted.mediaType).toBe(to.mediaType);
    const [actual, expected] = [parseManifest(converted.bytes), parseManifest(to.bytes)];
    expect(actual.mediaType).toBe(expected.mediaType);
    expect(actual.blobs).toEqual(expected.blobs);
    expect(actual.configMediaType).toBe(expected.configMediaType);
  });

  test('there and back to the same meaning', () => {
    const there = convert(docker, OCI_IMAGE_MANIFEST);
    const back = convertManifest(there, [DOCKER_IMAGE_MANIFEST]);
    expect(JSON.parse(Buffer.from(back.bytes).toString())).toEqual(JSON.parse(Buffer.from(docker.bytes).toString()));
  });

  test('with layers that are not compressed', () => {
    const plain = withTypes(oci, 'tar+gzip', 'tar');
    const converted = parseManifest(convert(plain, DOCKER_IMAGE_MANIFEST).bytes);
    expect(converted.blobs[1]?.mediaType).toBe('application/vnd.docker.image.rootfs.diff.tar');
  });
});

describe('A manifest comes back as it was pushed', () => {
  test.each([
    ['when its own type is accepted, even among others', docker, [OCI_IMAGE_MANIFEST, DOCKER_IMAGE_MANIFEST]],
    ['when nothing is said', docker, []],
    ['when nothing that is accepted is known', docker, ['application/json', '*/*']],
    ['when it is an index', buildIndex([oci]), [DOCKER_LIST]],
    ['when it is an index and only an image is accepted', buildIndex([oci]), [DOCKER_IMAGE_MANIFEST]],
    ['when an index is accepted and it is an image', oci, [OCI_IMAGE_INDEX]],
    [
      'when it has a layer that the other format does not know',
      withTypes(oci, 'tar+gzip', 'tar+zstd'),
      [DOCKER_IMAGE_MANIFEST],
    ],
    [
      'when it is an artifact with a config of its own',
      withTypes(oci, 'application/vnd.oci.image.config.v1+json', 'application/vnd.cncf.helm.config.v1+json'),
      [DOCKER_IMAGE_MANIFEST],
    ],
    ['when the accepted type is a name in JavaScript', oci, ['constructor', '__proto__']],
  ])('%s', (_, image, accepted) => {
    const answer = convert(image, ...accepted);
    expect(answer.bytes).toBe(image.bytes);
    expect(answer.mediaType).toBe(image.mediaType);
  });
});
