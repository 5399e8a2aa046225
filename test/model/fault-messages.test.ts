import { describe, expect, test } from 'vitest';
import { Fault, isFault } from '../../src/model/fault.ts';
import { FAULT_MESSAGES, type FaultCode } from '../../src/model/fault-messages.ts';

const REPOSITORY = { repositoryName: 'team/app', registryId: '123456789012' };
const DIGEST = 'sha256:0';

describe("Sentences that are on record are ECR's own", () => {
  test.each([
    [
      new Fault('RepositoryNotFound', REPOSITORY),
      "The repository with name 'team/app' does not exist in the registry with id '123456789012'",
    ],
    [
      new Fault('RepositoryAlreadyExists', REPOSITORY),
      "The repository with name 'team/app' already exists in the registry with id '123456789012'",
    ],
    [
      new Fault('RepositoryNotEmpty', REPOSITORY),
      "The repository with name 'team/app' in registry with id '123456789012' cannot be deleted because it still contains images",
    ],
    [
      new Fault('InvalidParameter', {
        parameter: 'imageIds',
        constraint: 'Member must have length less than or equal to 100',
      }),
      "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length less than or equal to 100'",
    ],
    [
      new Fault('ImageNotFound', { ...REPOSITORY, imageTag: 'T' }),
      "The image with imageId {imageDigest:'null', imageTag:'T'} does not exist within the repository with name 'team/app' in the registry with id '123456789012'",
    ],
    [
      new Fault('ImageAlreadyExists', { ...REPOSITORY, imageDigest: DIGEST, imageTag: 'T' }),
      "Image with digest 'sha256:0' and tag 'T' already exists in the repository with name 'team/app' in registry with id '123456789012'",
    ],
    [
      new Fault('ImageTagAlreadyExists', { repositoryName: 'team/app', imageTag: 'T' }),
      "The image tag 'T' already exists in the 'team/app' repository and cannot be overwritten because the tag is immutable.",
    ],
    [
      new Fault('ImageDigestDoesNotMatch', { ...REPOSITORY, imageDigest: DIGEST }),
      "The image with digest 'sha256:0' in repository 'team/app' and registry ID '123456789012' does not match the image digest that Amazon ECR has calculated.",
    ],
    [
      new Fault('LayersNotFound', { ...REPOSITORY, digests: ['d1', 'd2'] }),
      "Layers with digests '[d1,d2]' required for pushing image into repository with name 'team/app' in the registry with id '123456789012' do not exist",
    ],
    [
      new Fault('ReferencedImagesNotFound', { ...REPOSITORY, digests: ['d1', 'd2'] }),
      "Images with digests '[d1, d2]' required for pushing image into repository with name 'team/app' in the registry with id '123456789012' do not exist",
    ],
    [
      new Fault('TagLimitExceeded', { ...REPOSITORY, imageTag: 'T', limit: 1000 }),
      "Adding tag 'T' to an image in the repository with name 'team/app' in registry with id '123456789012' exceeds the maximum allowed number of tags per image which is '1000'",
    ],
    [
      new Fault('EmptyUpload', { ...REPOSITORY, uploadId: 'U' }),
      "The upload with id 'U' in the repository with name 'team/app' in registry with id '123456789012' cannot be completed because it does not have any parts",
    ],
    [
      new Fault('LayerNotFound', { ...REPOSITORY, layerDigest: 'D' }),
      "The layer with digest D does not exist within the repository with name 'team/app' in the registry with id '123456789012'",
    ],
    [new Fault('LayerPartTooSmall', {}), 'All layer parts except the last part should be at least 5MB'],
    [
      new Fault('InvalidManifest', { constraint: 'Invalid JSON syntax' }),
      "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
    ],
    [new Fault('ManifestUnknown', {}), 'Requested image not found'],
    [
      new Fault('ImageReferencedByManifestList', { parents: ['sha256:a', 'sha256:b'] }),
      'Requested image referenced by manifest list: [sha256:a, sha256:b]',
    ],
    [new Fault('ExpiredAuthorizationToken', {}), 'Your authorization token has expired. Reauthenticate and try again.'],
  ])('%s', (fault, sentence) => {
    expect(fault.message).toBe(sentence);
  });
});

test('Every fault makes a sentence of one line from its facts', () => {
  const facts = new Proxy(
    {},
    { get: (_, name) => (name === 'digests' || name === 'parents' ? ['a', 'b'] : `«${String(name)}»`) },
  );
  const codes = Object.keys(FAULT_MESSAGES) as FaultCode[];
  expect(codes.length).toBeGreaterThan(30);
  for (const code of codes) {
    const sentence = (FAULT_MESSAGES[code] as (facts: object) => string)(facts);
    expect(sentence, code).toMatch(/^[^\n]+$/);
    expect(sentence, code).not.toMatch(/undefined|\[object/);
  }
});

test('A fault is told from other faults and from other errors by its code', () => {
  const fault: unknown = new Fault('ManifestUnknown', {});
  expect(isFault(fault, 'ManifestUnknown')).toBe(true);
  expect(isFault(fault, 'RepositoryNotFound')).toBe(false);
  expect(isFault(new Error('ManifestUnknown'), 'ManifestUnknown')).toBe(false);
  expect(isFault({ code: 'ManifestUnknown' }, 'ManifestUnknown')).toBe(false);
  expect(isFault(undefined, 'ManifestUnknown')).toBe(false);
});
