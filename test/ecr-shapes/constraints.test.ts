import { describe, expect, it } from 'vitest';
import type { Served } from '../../src/ecr/unserved.ts';
import { refusal, violation } from '../aws/shapes/refusal.ts';
import { INPUTS } from './inputs.ts';

type Override = { readonly [member: string]: unknown };

function answer(operation: Served, override: Override): string {
  const { shape, request } = INPUTS[operation];
  return refusal(shape, { ...request, ...override });
}

const AT_MOST = 'Member must have length less than or equal to';
const AT_LEAST = 'Member must have length greater than or equal to';
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

/** Operation, what is changed in a valid request, where it is refused and why. Written out, not derived: the numbers are AWS's. */
const REFUSED: readonly (readonly [Served, Override, string, string])[] = [
  ['BatchDeleteImage', { imageIds: [] }, 'imageIds', `${AT_LEAST} 1`],
  ['BatchDeleteImage', { imageIds: times(101, {}) }, 'imageIds', `${AT_MOST} 100`],
  ['BatchDeleteImage', { imageIds: [{}, { imageTag: '' }] }, 'imageIds.2.member.imageTag', `${AT_LEAST} 1`],
  ['BatchDeleteImage', { imageIds: [{ imageTag: 'a'.repeat(301) }] }, 'imageIds.1.member.imageTag', `${AT_MOST} 300`],
  ['BatchGetImage', { imageIds: [] }, 'imageIds', `${AT_LEAST} 1`],
  ['BatchGetImage', { imageIds: times(101, {}) }, 'imageIds', `${AT_MOST} 100`],
  ['BatchGetImage', { acceptedMediaTypes: [] }, 'acceptedMediaTypes', `${AT_LEAST} 1`],
  ['BatchGetImage', { acceptedMediaTypes: times(101, 'a/b') }, 'acceptedMediaTypes', `${AT_MOST} 100`],
  ['DescribeImages', { imageIds: [] }, 'imageIds', `${AT_LEAST} 1`],
  ['DescribeImages', { imageIds: times(101, {}) }, 'imageIds', `${AT_MOST} 100`],
  ['DescribeImages', { maxResults: 0 }, 'maxResults', 'Member must have value greater than or equal to 1'],
  ['DescribeImages', { maxResults: 1001 }, 'maxResults', 'Member must have value less than or equal to 1000'],
  [
    'DescribeImages',
    { filter: { tagStatus: 'tagged' } },
    'filter.tagStatus',
    'Member must satisfy enum value set: [TAGGED, UNTAGGED, ANY]',
  ],
  [
    'DescribeImages',
    { filter: { imageStatus: '' } },
    'filter.imageStatus',
    'Member must satisfy enum value set: [ACTIVE, ARCHIVED, ACTIVATING, ANY]',
  ],
  ['ListImages', { maxResults: 0 }, 'maxResults', 'Member must have value greater than or equal to 1'],
  ['ListImages', { maxResults: 1001 }, 'maxResults', 'Member must have value less than or equal to 1000'],
  [
    'ListImages',
    { filter: { tagStatus: 'NONE' } },
    'filter.tagStatus',
    'Member must satisfy enum value set: [TAGGED, UNTAGGED, ANY]',
  ],
  ['ListImageReferrers', { maxResults: 51 }, 'maxResults', 'Member must have value less than or equal to 50'],
  ['ListImageReferrers', { maxResults: 0 }, 'maxResults', 'Member must have value greater than or equal to 1'],
  ['ListImageReferrers', { subjectId: {} }, 'subjectId.imageDigest', 'Member must not be null'],
  ['ListImageReferrers', { filter: { artifactTypes: times(6, 'a/b') } }, 'filter.artifactTypes', `${AT_MOST} 5`],
  [
    'ListImageReferrers',
    { filter: { artifactTypes: ['a/b', ''] } },
    'filter.artifactTypes',
    `Member must satisfy constraint: [${AT_MOST} 255, ${AT_LEAST} 1]`,
  ],
  [
    'ListImageReferrers',
    { filter: { artifactTypes: ['a'.repeat(256)] } },
    'filter.artifactTypes',
    `Member must satisfy constraint: [${AT_MOST} 255, ${AT_LEAST} 1]`,
  ],
  [
    'ListImageReferrers',
    { filter: { artifactStatus: 'DELETED' } },
    'filter.artifactStatus',
    'Member must satisfy enum value set: [ACTIVE, ARCHIVED, ACTIVATING, ANY]',
  ],
  ['PutImage', { imageManifest: '' }, 'imageManifest', `${AT_LEAST} 1`],
  ['PutImage', { imageManifest: 'm'.repeat(4_194_305) }, 'imageManifest', `${AT_MOST} 4194304`],
  ['PutImage', { imageTag: '' }, 'imageTag', 'must have length greater than or equal to 1'],
  ['PutImage', { imageTag: 'a'.repeat(301) }, 'imageTag', 'must have length less than or equal to 300'],
  ['PutImage', { imageTag: 'a b' }, 'imageTag', "must satisfy regular expression '[a-zA-Z0-9-_.]+'"],
  ['DescribeRepositories', { repositoryNames: [] }, 'repositoryNames', `${AT_LEAST} 1`],
  ['DescribeRepositories', { repositoryNames: times(101, 'ab') }, 'repositoryNames', `${AT_MOST} 100`],
  [
    'DescribeRepositories',
    { repositoryNames: ['ubuntu', 'Ubuntu'] },
    'repositoryNames',
    `Member must satisfy constraint: [${AT_MOST} 256, ${AT_LEAST} 2, Member must satisfy regular expression pattern: (?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*]`,
  ],
  ['DescribeRepositories', { maxResults: 1001 }, 'maxResults', 'Member must have value less than or equal to 1000'],
  [
    'CreateRepository',
    { imageTagMutability: 'mutable' },
    'imageTagMutability',
    'Member must satisfy enum value set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]',
  ],
  [
    'CreateRepository',
    { encryptionConfiguration: {} },
    'encryptionConfiguration.encryptionType',
    'Member must not be null',
  ],
  [
    'CreateRepository',
    { encryptionConfiguration: { encryptionType: 'aes' } },
    'encryptionConfiguration.encryptionType',
    'Member must satisfy enum value set: [AES256, KMS, KMS_DSSE]',
  ],
  [
    'CreateRepository',
    { encryptionConfiguration: { encryptionType: 'KMS', kmsKey: '' } },
    'encryptionConfiguration.kmsKey',
    `${AT_LEAST} 1`,
  ],
  [
    'CreateRepository',
    { encryptionConfiguration: { encryptionType: 'KMS', kmsKey: 'k'.repeat(2049) } },
    'encryptionConfiguration.kmsKey',
    `${AT_MOST} 2048`,
  ],
  [
    'CreateRepository',
    { tags: [{ Key: 'a', Value: 'b' }, { Key: 'a' }] },
    'tags.2.member.Value',
    'Member must not be null',
  ],
  [
    'PutImageTagMutability',
    { imageTagMutabilityExclusionFilters: [] },
    'imageTagMutabilityExclusionFilters',
    `${AT_LEAST} 1`,
  ],
  [
    'PutImageTagMutability',
    { imageTagMutabilityExclusionFilters: times(6, { filterType: 'WILDCARD', filter: 'a' }) },
    'imageTagMutabilityExclusionFilters',
    `${AT_MOST} 5`,
  ],
  [
    'PutImageTagMutability',
    { imageTagMutabilityExclusionFilters: [{ filterType: 'REGEX', filter: 'a' }] },
    'imageTagMutabilityExclusionFilters.1.member.filterType',
    'Member must satisfy enum value set: [WILDCARD]',
  ],
  [
    'PutImageTagMutability',
    { imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: '' }] },
    'imageTagMutabilityExclusionFilters.1.member.filter',
    `${AT_LEAST} 1`,
  ],
  [
    'PutImageTagMutability',
    { imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'a'.repeat(129) }] },
    'imageTagMutabilityExclusionFilters.1.member.filter',
    `${AT_MOST} 128`,
  ],
  [
    'PutImageTagMutability',
    { imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'a b' }] },
    'imageTagMutabilityExclusionFilters.1.member.filter',
    'Member must satisfy regular expression pattern: ^[0-9a-zA-Z._*-]{1,128}$',
  ],
  ['BatchCheckLayerAvailability', { layerDigests: [] }, 'layerDigests', `${AT_LEAST} 1`],
  ['BatchCheckLayerAvailability', { layerDigests: times(101, 'a:b') }, 'layerDigests', `${AT_MOST} 100`],
  [
    'BatchCheckLayerAvailability',
    { layerDigests: ['d'.repeat(1001)] },
    'layerDigests',
    `Member must satisfy constraint: [${AT_MOST} 1000, ${AT_LEAST} 0]`,
  ],
  ['CompleteLayerUpload', { layerDigests: [] }, 'layerDigests', `${AT_LEAST} 1`],
  ['CompleteLayerUpload', { layerDigests: times(101, 'a:b') }, 'layerDigests', `${AT_MOST} 100`],
  [
    'CompleteLayerUpload',
    { layerDigests: ['sha256:xyz'] },
    'layerDigests',
    'Member must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z0-9-_+.]+:[a-fA-F0-9]+]',
  ],
  [
    'CompleteLayerUpload',
    { uploadId: '../../etc/passwd' },
    'uploadId',
    'Member must satisfy regular expression pattern: [0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
  ],
  [
    'GetDownloadUrlForLayer',
    { layerDigest: 'sha256:ab/../../x' },
    'layerDigest',
    'Member must satisfy regular expression pattern: [a-zA-Z0-9-_+.]+:[a-fA-F0-9]+',
  ],
  ['UploadLayerPart', { partFirstByte: -1 }, 'partFirstByte', 'Member must have value greater than or equal to 0'],
  ['UploadLayerPart', { partLastByte: -1 }, 'partLastByte', 'Member must have value greater than or equal to 0'],
  [
    'UploadLayerPart',
    { layerPartBlob: Buffer.alloc(20_971_521).toString('base64') },
    'layerPartBlob',
    `${AT_MOST} 20971520`,
  ],
  ['GetAuthorizationToken', { registryIds: [] }, 'registryIds', `${AT_LEAST} 1`],
  ['GetAuthorizationToken', { registryIds: times(11, '123456789012') }, 'registryIds', `${AT_MOST} 10`],
  [
    'GetAuthorizationToken',
    { registryIds: ['1234567890123'] },
    'registryIds',
    'Member must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]{12}]',
  ],
];

/** The other side of each edge. */
const ACCEPTED: readonly (readonly [Served, Override])[] = [
  ['BatchDeleteImage', { imageIds: times(100, {}) }],
  ['BatchDeleteImage', { imageIds: [{ imageTag: 'a' }, { imageTag: 'a'.repeat(300) }] }],
  ['BatchDeleteImage', { imageIds: [{ imageDigest: 'not a digest' }, { imageDigest: '' }, { imageTag: 'a b' }] }],
  ['BatchGetImage', { acceptedMediaTypes: times(100, 'a/b') }],
  ['DescribeImages', { maxResults: 1000 }],
  ['DescribeImages', { maxResults: 1, filter: {} }],
  ['ListImageReferrers', { maxResults: 50, filter: { artifactTypes: [] } }],
  ['ListImageReferrers', { filter: { artifactTypes: times(5, 'a'.repeat(255)) } }],
  ['PutImage', { imageManifest: 'm'.repeat(4_194_304), imageTag: 'a'.repeat(300) }],
  ['PutImage', { imageManifest: 'm', imageTag: '_' }],
  ['DescribeRepositories', { repositoryNames: times(100, 'ab') }],
  ['CreateRepository', { encryptionConfiguration: { encryptionType: 'KMS_DSSE', kmsKey: 'k'.repeat(2048) } }],
  ['CreateRepository', { tags: [] }],
  [
    'PutImageTagMutability',
    { imageTagMutabilityExclusionFilters: times(5, { filterType: 'WILDCARD', filter: '*'.repeat(128) }) },
  ],
  ['BatchCheckLayerAvailability', { layerDigests: times(100, 'd'.repeat(1000)) }],
  ['BatchCheckLayerAvailability', { layerDigests: [''] }],
  ['CompleteLayerUpload', { layerDigests: times(100, 'a:b'), uploadId: '26D021A3-145A-41B3-A474-D4DC427DAAA3' }],
  ['UploadLayerPart', { partFirstByte: Number.MAX_SAFE_INTEGER, layerPartBlob: '' }],
  ['UploadLayerPart', { layerPartBlob: Buffer.alloc(20_971_520).toString('base64') }],
  ['GetAuthorizationToken', { registryIds: times(10, '000000000000') }],
];

describe('the constraints of the input shapes', () => {
  it.each(REFUSED)('$0 refuses $2: $3', (operation, override, path, constraint) => {
    expect(answer(operation, override)).toBe(violation(path, constraint));
  });

  it.each(ACCEPTED)('%s accepts case %#, at the edge', (operation, override) => {
    expect(answer(operation, override)).toBe('accepted');
  });
});
