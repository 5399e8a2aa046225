import type * as sdk from '@aws-sdk/client-ecr';
import { boolean, list, required, string, structure } from '../../aws/shapes/declare.ts';
import { MaxResults, NextToken, RegistryId, RepositoryName } from './scalars.ts';
import { TagList } from './tagging.ts';

const ImageTagMutability = string({
  enum: ['IMMUTABLE', 'MUTABLE', 'MUTABLE_WITH_EXCLUSION', 'IMMUTABLE_WITH_EXCLUSION'],
});

const ImageTagMutabilityExclusionFilter = structure<sdk.ImageTagMutabilityExclusionFilter>({
  filterType: required(string({ enum: ['WILDCARD'] })),
  filter: required(
    string({
      min: 1,
      max: 128,
      pattern: { printed: '^[0-9a-zA-Z._*-]{1,128}$', expression: /^[0-9a-zA-Z._*-]{1,128}$/ },
    }),
  ),
});

const ImageTagMutabilityExclusionFilters = list(ImageTagMutabilityExclusionFilter, { min: 1, max: 5 });

const ImageScanningConfiguration = structure<sdk.ImageScanningConfiguration>({ scanOnPush: boolean() });

const EncryptionConfiguration = structure<sdk.EncryptionConfiguration>({
  encryptionType: required(string({ enum: ['AES256', 'KMS', 'KMS_DSSE'] })),
  kmsKey: string({ min: 1, max: 2048 }),
});

export const CreateRepositoryRequest = structure<sdk.CreateRepositoryRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  tags: TagList,
  imageTagMutability: ImageTagMutability,
  imageTagMutabilityExclusionFilters: ImageTagMutabilityExclusionFilters,
  imageScanningConfiguration: ImageScanningConfiguration,
  encryptionConfiguration: EncryptionConfiguration,
});

export const DescribeRepositoriesRequest = structure<sdk.DescribeRepositoriesRequest>({
  registryId: RegistryId,
  repositoryNames: list(RepositoryName, { min: 1, max: 100 }),
  nextToken: NextToken,
  maxResults: MaxResults,
});

export const DeleteRepositoryRequest = structure<sdk.DeleteRepositoryRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  force: boolean(),
});

export const PutImageTagMutabilityRequest = structure<sdk.PutImageTagMutabilityRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  imageTagMutability: required(ImageTagMutability),
  imageTagMutabilityExclusionFilters: ImageTagMutabilityExclusionFilters,
});
