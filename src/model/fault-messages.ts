interface InRegistry {
  readonly registryId: string;
}
interface InRepository extends InRegistry {
  readonly repositoryName: string;
}
interface OfUpload extends InRepository {
  readonly uploadId: string;
}

const within = (f: InRepository) =>
  `repository with name '${f.repositoryName}' in the registry with id '${f.registryId}'`;
/** ECR says "in registry" for some faults and "in the registry" for others (fidelity facts, "Top 40", 18). */
const withinShort = (f: InRepository) =>
  `repository with name '${f.repositoryName}' in registry with id '${f.registryId}'`;

/**
 * Every refusal Berth knows, as a sentence made from facts. Sentences are ECR's own where they are on record
 * (fidelity facts, sections 2 to 4 and 7); the others follow their nearest relative.
 */
export const FAULT_MESSAGES = {
  // Requests
  InvalidParameter: (f: { readonly parameter: string; readonly constraint: string }) =>
    `Invalid parameter at '${f.parameter}' failed to satisfy constraint: '${f.constraint}'`,
  MalformedRequest: (f: { readonly reason: string }) => f.reason,
  RequestTooLarge: (f: { readonly limit: number }) => `The request body is larger than ${f.limit} bytes`,
  UnknownOperation: (f: { readonly reason: string }) => f.reason,
  TooManyRequests: () => 'Rate exceeded',
  StorageFull: () =>
    'The registry has no space left to store anything new. Reading and deleting go on as usual; deleting images makes space',
  StoreUnavailable: (f: { readonly store: 'database' | 'blobs' }) =>
    `The registry cannot reach its ${f.store === 'database' ? 'database' : 'store of blobs'} now. Try again in a moment`,

  // Who is calling, and may they
  MissingAuthenticationToken: () => 'Missing Authentication Token',
  IncompleteSignature: (f: { readonly reason: string }) => f.reason,
  InvalidSignature: (f: { readonly reason: string }) => f.reason,
  UnrecognizedClient: () => 'The security token included in the request is invalid.',
  ExpiredToken: () => 'The security token included in the request is expired',
  ExpiredAuthorizationToken: () => 'Your authorization token has expired. Reauthenticate and try again.',
  AccessDenied: (f: {
    readonly principal: string;
    readonly action: string;
    readonly resource: string;
    readonly because: string;
  }) => `User: ${f.principal} is not authorized to perform: ${f.action} on resource: ${f.resource} ${f.because}`,

  // Repositories
  RepositoryNotFound: (f: InRepository) =>
    `The repository with name '${f.repositoryName}' does not exist in the registry with id '${f.registryId}'`,
  RepositoryAlreadyExists: (f: InRepository) =>
    `The repository with name '${f.repositoryName}' already exists in the registry with id '${f.registryId}'`,
  RepositoryNotEmpty: (f: InRepository) => `The ${withinShort(f)} cannot be deleted because it still contains images`,
  InvalidTagParameter: (f: { readonly reason: string }) => f.reason,
  TooManyTags: (f: { readonly limit: number }) => `The number of tags on a resource cannot exceed ${f.limit}`,

  // Images
  ImageNotFound: (
    f: InRepository & { readonly imageDigest?: string | undefined; readonly imageTag?: string | undefined },
  ) =>
    `The image with imageId {imageDigest:'${f.imageDigest ?? 'null'}', imageTag:'${f.imageTag ?? 'null'}'} does not exist within the ${within(f)}`,
  MalformedIdentifier: (f: { readonly reason: string }) => f.reason,
  ManifestUnknown: () => 'Requested image not found',
  ImageReferencedByManifestList: (f: { readonly parents: readonly string[] }) =>
    `Requested image referenced by manifest list: [${f.parents.join(', ')}]`,
  ImageAlreadyExists: (f: InRepository & { readonly imageDigest: string; readonly imageTag?: string | undefined }) =>
    `Image with digest '${f.imageDigest}' and tag '${f.imageTag ?? 'null'}' already exists in the ${withinShort(f)}`,
  ImageTagAlreadyExists: (f: { readonly repositoryName: string; readonly imageTag: string }) =>
    `The image tag '${f.imageTag}' already exists in the '${f.repositoryName}' repository and cannot be overwritten because the tag is immutable.`,
  ImageDigestDoesNotMatch: (f: InRepository & { readonly imageDigest: string }) =>
    `The image with digest '${f.imageDigest}' in repository '${f.repositoryName}' and registry ID '${f.registryId}' does not match the image digest that Amazon ECR has calculated.`,
  LayersNotFound: (f: InRepository & { readonly digests: readonly string[] }) =>
    `Layers with digests '[${f.digests.join(',')}]' required for pushing image into repository with name '${f.repositoryName}' in the registry with id '${f.registryId}' do not exist`,
  ReferencedImagesNotFound: (f: InRepository & { readonly digests: readonly string[] }) =>
    `Images with digests '[${f.digests.join(', ')}]' required for pushing image into repository with name '${f.repositoryName}' in the registry with id '${f.registryId}' do not exist`,
  InvalidManifest: (f: { readonly constraint: string }) =>
    `Invalid parameter at 'ImageManifest' failed to satisfy constraint: '${f.constraint}'`,
  TagLimitExceeded: (f: InRepository & { readonly imageTag: string; readonly limit: number }) =>
    `Adding tag '${f.imageTag}' to an image in the ${withinShort(f)} exceeds the maximum allowed number of tags per image which is '${f.limit}'`,

  // Layers and uploads
  LayerNotFound: (f: InRepository & { readonly layerDigest: string }) =>
    `The layer with digest ${f.layerDigest} does not exist within the ${within(f)}`,
  LayerInaccessible: (f: InRepository & { readonly layerDigest: string }) =>
    `The layer with digest ${f.layerDigest} in the ${within(f)} is not available because no image references it`,
  LayerAlreadyExists: (f: InRepository & { readonly layerDigest: string }) =>
    `Layer with digest '${f.layerDigest}' already exists in the ${withinShort(f)}`,
  UploadNotFound: (f: OfUpload) => `The upload with id '${f.uploadId}' in the ${withinShort(f)} does not exist`,
  EmptyUpload: (f: OfUpload) =>
    `The upload with id '${f.uploadId}' in the ${withinShort(f)} cannot be completed because it does not have any parts`,
  LayerPartTooSmall: () => 'All layer parts except the last part should be at least 5MB',
  InvalidLayerPart: (f: OfUpload & { readonly lastValidByteReceived: number; readonly reason: string }) =>
    `The layer part for the upload with id '${f.uploadId}' in the ${withinShort(f)} is not valid: ${f.reason}`,
  InvalidLayer: (f: InRepository & { readonly layerDigest: string }) =>
    `The layer with digest '${f.layerDigest}' in the ${withinShort(f)} does not match the digest of the bytes that were received`,
  RangeOutOfOrder: (f: OfUpload & { readonly offset: number }) =>
    `The upload with id '${f.uploadId}' in the ${withinShort(f)} expects its next byte at ${f.offset}`,
  UploadBusy: (f: OfUpload & { readonly offset: number }) =>
    `The upload with id '${f.uploadId}' in the ${withinShort(f)} is receiving another chunk`,
  UploadTooLarge: (f: OfUpload & { readonly limit: number }) =>
    `The upload with id '${f.uploadId}' in the ${withinShort(f)} exceeds the maximum layer size of ${f.limit} bytes`,
  BlobUnknown: (f: InRepository & { readonly digest: string }) =>
    `The blob with digest '${f.digest}' does not exist within the ${within(f)}`,
  BlobReferenced: (f: InRepository & { readonly digest: string }) =>
    `The blob with digest '${f.digest}' cannot be deleted while images of the ${within(f)} use it`,
  RangeNotSatisfiable: (f: { readonly size: number }) => `The range cannot be satisfied: the blob has ${f.size} bytes`,

  // What only a path of the distribution protocol can get wrong
  InvalidName: (f: { readonly name: string }) => `The repository name '${f.name}' is not valid`,
  InvalidReference: (f: { readonly reference: string }) =>
    `The reference '${f.reference}' is neither a tag nor a digest`,
  InvalidDigest: (f: { readonly digest: string }) =>
    `The digest '${f.digest}' is not valid: sha256 with 64 or sha512 with 128 lower-case hexadecimal digits`,
  TooManyTagParameters: (f: { readonly limit: number }) =>
    `The request names more than ${f.limit} tags: push the others with another request`,
  Unsupported: (f: { readonly reason: string }) => f.reason,
} as const satisfies Record<string, (facts: never) => string>;

export type FaultCode = keyof typeof FAULT_MESSAGES;

export type FaultFacts<C extends FaultCode> = (typeof FAULT_MESSAGES)[C] extends () => string
  ? Record<never, never>
  : Parameters<(typeof FAULT_MESSAGES)[C]>[0];
