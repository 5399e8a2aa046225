import type { EcrPorts } from './ecr-ports.ts';
import type { Operation } from './operation.ts';
import { BatchDeleteImage } from './operations/image/BatchDeleteImage.ts';
import { BatchGetImage } from './operations/image/BatchGetImage.ts';
import { DescribeImages } from './operations/image/DescribeImages.ts';
import { ListImageReferrers } from './operations/image/ListImageReferrers.ts';
import { ListImages } from './operations/image/ListImages.ts';
import { PutImage } from './operations/image/PutImage.ts';
import { BatchCheckLayerAvailability } from './operations/layer/BatchCheckLayerAvailability.ts';
import { CompleteLayerUpload } from './operations/layer/CompleteLayerUpload.ts';
import { GetDownloadUrlForLayer } from './operations/layer/GetDownloadUrlForLayer.ts';
import { InitiateLayerUpload } from './operations/layer/InitiateLayerUpload.ts';
import { UploadLayerPart } from './operations/layer/UploadLayerPart.ts';
import { GetAuthorizationToken } from './operations/registry/GetAuthorizationToken.ts';
import { CreateRepository } from './operations/repository/CreateRepository.ts';
import { DeleteRepository } from './operations/repository/DeleteRepository.ts';
import { DescribeRepositories } from './operations/repository/DescribeRepositories.ts';
import { PutImageTagMutability } from './operations/repository/PutImageTagMutability.ts';
import { ListTagsForResource } from './operations/tagging/ListTagsForResource.ts';
import { TagResource } from './operations/tagging/TagResource.ts';
import { UntagResource } from './operations/tagging/UntagResource.ts';
import type { Served } from './unserved.ts';

export type Operations = { readonly [N in Served]: Operation<N> };

/** Every operation that Berth serves. One that is missing, misspelt, extra or mistyped does not compile. */
export function operationsOf(ports: EcrPorts): Operations {
  return {
    BatchCheckLayerAvailability: BatchCheckLayerAvailability(ports),
    BatchDeleteImage: BatchDeleteImage(ports),
    BatchGetImage: BatchGetImage(ports),
    CompleteLayerUpload: CompleteLayerUpload(ports),
    CreateRepository: CreateRepository(ports),
    DeleteRepository: DeleteRepository(ports),
    DescribeImages: DescribeImages(ports),
    DescribeRepositories: DescribeRepositories(ports),
    GetAuthorizationToken: GetAuthorizationToken(ports),
    GetDownloadUrlForLayer: GetDownloadUrlForLayer(ports),
    InitiateLayerUpload: InitiateLayerUpload(ports),
    ListImageReferrers: ListImageReferrers(ports),
    ListImages: ListImages(ports),
    ListTagsForResource: ListTagsForResource(ports),
    PutImage: PutImage(ports),
    PutImageTagMutability: PutImageTagMutability(ports),
    TagResource: TagResource(ports),
    UntagResource: UntagResource(ports),
    UploadLayerPart: UploadLayerPart(ports),
  } satisfies Operations;
}
