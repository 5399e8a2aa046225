import type * as sdk from '@aws-sdk/client-ecr';
import { blob, list, long, required, string, structure } from '../../aws/shapes/declare.ts';
import { RegistryId, RepositoryName } from './scalars.ts';

const UploadId = string({
  pattern: {
    printed: '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
    expression: /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/,
  },
});

const LayerDigest = string({
  pattern: { printed: '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+', expression: /^[a-zA-Z0-9\-_+.]+:[a-fA-F0-9]+$/ },
});

const PartSize = long({ min: 0 });

/** The longest part of a layer that the model lets through; ECR itself announces parts of half that size. */
export const MAX_LAYER_PART_BYTES = 20_971_520;

export const BatchCheckLayerAvailabilityRequest = structure<sdk.BatchCheckLayerAvailabilityRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  layerDigests: required(list(string({ min: 0, max: 1000 }), { min: 1, max: 100 })),
});

export const InitiateLayerUploadRequest = structure<sdk.InitiateLayerUploadRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
});

export const UploadLayerPartRequest = structure<sdk.UploadLayerPartRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  uploadId: required(UploadId),
  partFirstByte: required(PartSize),
  partLastByte: required(PartSize),
  layerPartBlob: required(blob({ min: 0, max: MAX_LAYER_PART_BYTES })),
});

export const CompleteLayerUploadRequest = structure<sdk.CompleteLayerUploadRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  uploadId: required(UploadId),
  layerDigests: required(list(LayerDigest, { min: 1, max: 100 })),
});

export const GetDownloadUrlForLayerRequest = structure<sdk.GetDownloadUrlForLayerRequest>({
  registryId: RegistryId,
  repositoryName: required(RepositoryName),
  layerDigest: required(LayerDigest),
});
