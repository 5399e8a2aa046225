import type * as sdk from '@aws-sdk/client-ecr';
import { list, required, string, structure } from '../../aws/shapes/declare.ts';
import { RegistryId, RepositoryName } from './scalars.ts';

/** What an identifier says is the rule's to decide, one entry in `failures` at a time; only the tag's length is checked here. */
const ImageDigest = string();
const ImageTag = string({ min: 1, max: 300 });

/** A tag about to be given. What the printed pattern allows beyond the grammar of tags (a leading `.` or `-`) no client can pull. */
const NewImageTag = string({
  min: 1,
  max: 300,
  pattern: { printed: '[a-zA-Z0-9-_.]+', expression: /^[a-zA-Z0-9_][a-zA-Z0-9._-]*$/ },
  wording: 'service',
});

const ImageManifest = string({ min: 1, max: 4_194_304 });
const MediaType = string();

export const ImageIdentifierList = list(
  structure<sdk.ImageIdentifier>({ imageDigest: ImageDigest, imageTag: ImageTag }),
  { min: 1, max: 100 },
);

export const PutImageRequest = structure<sdk.PutImageRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  imageManifest: required(ImageManifest),
  imageManifestMediaType: MediaType,
  imageTag: NewImageTag,
  imageDigest: ImageDigest,
});

export const BatchGetImageRequest = structure<sdk.BatchGetImageRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  imageIds: required(ImageIdentifierList),
  acceptedMediaTypes: list(MediaType, { min: 1, max: 100 }),
});

export const BatchDeleteImageRequest = structure<sdk.BatchDeleteImageRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  imageIds: required(ImageIdentifierList),
});
