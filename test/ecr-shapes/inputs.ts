import type { StructureShape } from '../../src/aws/shapes/shape.ts';
import { GetAuthorizationTokenRequest } from '../../src/ecr/shapes/authorization.ts';
import { BatchDeleteImageRequest, BatchGetImageRequest, PutImageRequest } from '../../src/ecr/shapes/image.ts';
import {
  DescribeImagesRequest,
  ListImageReferrersRequest,
  ListImagesRequest,
} from '../../src/ecr/shapes/image-list.ts';
import {
  BatchCheckLayerAvailabilityRequest,
  CompleteLayerUploadRequest,
  GetDownloadUrlForLayerRequest,
  InitiateLayerUploadRequest,
  UploadLayerPartRequest,
} from '../../src/ecr/shapes/layer.ts';
import {
  CreateRepositoryRequest,
  DeleteRepositoryRequest,
  DescribeRepositoriesRequest,
  PutImageTagMutabilityRequest,
} from '../../src/ecr/shapes/repository.ts';
import { ListTagsForResourceRequest, TagResourceRequest, UntagResourceRequest } from '../../src/ecr/shapes/tagging.ts';
import type { Served } from '../../src/ecr/unserved.ts';

/** An input shape with a request that it accepts, in which every member stands. */
export interface Input {
  readonly shape: StructureShape;
  readonly request: { readonly [member: string]: unknown };
}

const UPLOAD = '26d021a3-145a-41b3-a474-d4dc427daaa3';
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const ARN = 'arn:aws:ecr:us-east-1:123456789012:repository/ubuntu';
const ids = { registryId: '123456789012', repositoryName: 'ubuntu' };
const page = { nextToken: 'next', maxResults: 50 };
const imageIds = [{ imageDigest: DIGEST, imageTag: 'xenial' }];
const exclusions = [{ filterType: 'WILDCARD', filter: 'latest*' }];

export const INPUTS: { readonly [N in Served]: Input } = {
  CreateRepository: {
    shape: CreateRepositoryRequest,
    request: {
      ...ids,
      tags: [{ Key: 'team', Value: 'core' }],
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: exclusions,
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: 'KMS', kmsKey: 'alias/key' },
    },
  },
  DescribeRepositories: {
    shape: DescribeRepositoriesRequest,
    request: { registryId: ids.registryId, repositoryNames: ['ubuntu'], ...page },
  },
  DeleteRepository: { shape: DeleteRepositoryRequest, request: { ...ids, force: true } },
  PutImageTagMutability: {
    shape: PutImageTagMutabilityRequest,
    request: { ...ids, imageTagMutability: 'MUTABLE', imageTagMutabilityExclusionFilters: exclusions },
  },
  TagResource: {
    shape: TagResourceRequest,
    request: { resourceArn: ARN, tags: [{ Key: 'team', Value: '' }] },
  },
  UntagResource: { shape: UntagResourceRequest, request: { resourceArn: ARN, tagKeys: ['team'] } },
  ListTagsForResource: { shape: ListTagsForResourceRequest, request: { resourceArn: ARN } },
  GetAuthorizationToken: { shape: GetAuthorizationTokenRequest, request: { registryIds: ['123456789012'] } },
  BatchCheckLayerAvailability: {
    shape: BatchCheckLayerAvailabilityRequest,
    request: { ...ids, layerDigests: [DIGEST] },
  },
  InitiateLayerUpload: { shape: InitiateLayerUploadRequest, request: ids },
  UploadLayerPart: {
    shape: UploadLayerPartRequest,
    request: { ...ids, uploadId: UPLOAD, partFirstByte: 0, partLastByte: 2, layerPartBlob: 'AQID' },
  },
  CompleteLayerUpload: {
    shape: CompleteLayerUploadRequest,
    request: { ...ids, uploadId: UPLOAD, layerDigests: [DIGEST] },
  },
  GetDownloadUrlForLayer: { shape: GetDownloadUrlForLayerRequest, request: { ...ids, layerDigest: DIGEST } },
  PutImage: {
    shape: PutImageRequest,
    request: {
      ...ids,
      imageManifest: '{}',
      imageManifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
      imageTag: 'xenial',
      imageDigest: DIGEST,
    },
  },
  BatchGetImage: {
    shape: BatchGetImageRequest,
    request: { ...ids, imageIds, acceptedMediaTypes: ['application/vnd.oci.image.manifest.v1+json'] },
  },
  BatchDeleteImage: { shape: BatchDeleteImageRequest, request: { ...ids, imageIds } },
  DescribeImages: {
    shape: DescribeImagesRequest,
    request: { ...ids, imageIds, ...page, filter: { tagStatus: 'TAGGED', imageStatus: 'ACTIVE' } },
  },
  ListImages: {
    shape: ListImagesRequest,
    request: { ...ids, ...page, filter: { tagStatus: 'UNTAGGED', imageStatus: 'ANY' } },
  },
  ListImageReferrers: {
    shape: ListImageReferrersRequest,
    request: {
      ...ids,
      subjectId: { imageDigest: DIGEST },
      filter: { artifactTypes: ['application/spdx+json'], artifactStatus: 'ACTIVE' },
      ...page,
    },
  },
};
