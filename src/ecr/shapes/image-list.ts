import type * as sdk from '@aws-sdk/client-ecr';
import { list, required, string, structure } from '../../aws/shapes/declare.ts';
import { ImageIdentifierList } from './image.ts';
import { FiftyMaxResults, MaxResults, NextToken, RegistryId, RepositoryName } from './scalars.ts';

const TagStatus = string({ enum: ['TAGGED', 'UNTAGGED', 'ANY'] });
const ImageStatusFilter = string({ enum: ['ACTIVE', 'ARCHIVED', 'ACTIVATING', 'ANY'] });
const ArtifactStatusFilter = string({ enum: ['ACTIVE', 'ARCHIVED', 'ACTIVATING', 'ANY'] });

export const DescribeImagesRequest = structure<sdk.DescribeImagesRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  imageIds: ImageIdentifierList,
  nextToken: NextToken,
  maxResults: MaxResults,
  filter: structure<sdk.DescribeImagesFilter>({ tagStatus: TagStatus, imageStatus: ImageStatusFilter }),
});

export const ListImagesRequest = structure<sdk.ListImagesRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  nextToken: NextToken,
  maxResults: MaxResults,
  filter: structure<sdk.ListImagesFilter>({ tagStatus: TagStatus, imageStatus: ImageStatusFilter }),
});

export const ListImageReferrersRequest = structure<sdk.ListImageReferrersRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  subjectId: required(structure<sdk.SubjectIdentifier>({ imageDigest: required(string()) })),
  filter: structure<sdk.ListImageReferrersFilter>({
    artifactTypes: list(string({ min: 1, max: 255 }), { min: 0, max: 5 }),
    artifactStatus: ArtifactStatusFilter,
  }),
  nextToken: NextToken,
  maxResults: FiftyMaxResults,
});
