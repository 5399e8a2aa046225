/**
 * The decision table of BatchDeleteImage (fidelity facts, sections 1.2 and 1.3) as data. Images have letters for names;
 * `<A>` in a text stands for the digest of A. Rows 17, 19 and 20 are refused before the rule is asked, row 21 waits for
 * images that can be archived, and rows 18 and 22 are not about the identifiers.
 */
export interface DeletionRow {
  readonly row: string;
  readonly title: string;
  readonly images: Readonly<Record<string, TableImage>>;
  readonly request: readonly TableIdentifier[];
  readonly deleted: readonly TableIdentifier[];
  readonly failures: readonly TableFailure[];
  /** The images that are left, with their tags in the order of pushing. */
  readonly left: Readonly<Record<string, readonly string[]>>;
}

export interface TableImage {
  readonly tags?: readonly string[];
  /** For an index: what it lists. Images are pushed in the order of the table. */
  readonly lists?: readonly string[];
  readonly subject?: string;
}

export interface TableIdentifier {
  readonly imageDigest?: string;
  readonly imageTag?: string;
}

export interface TableFailure {
  readonly imageId: TableIdentifier;
  readonly code: string;
  readonly reason: string;
}

export const UNKNOWN_DIGEST = `sha256:${'0'.repeat(64)}`;

export const notFound = (imageId: TableIdentifier): TableFailure => ({
  imageId,
  code: 'ImageNotFound',
  reason: 'Requested image not found',
});
export const referenced = (imageId: TableIdentifier, ...parents: string[]): TableFailure => ({
  imageId,
  code: 'ImageReferencedByManifestList',
  reason: `Requested image referenced by manifest list: [${parents.map((parent) => `<${parent}>`).join(', ')}]`,
});
export const invalidDigest = (imageId: TableIdentifier): TableFailure => ({
  imageId,
  code: 'InvalidImageDigest',
  reason: "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
});
export const invalidTag = (imageId: TableIdentifier): TableFailure => ({
  imageId,
  code: 'InvalidImageTag',
  reason: "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9-_.]+'",
});
export const mismatch = (imageId: TableIdentifier): TableFailure => ({
  imageId,
  code: 'ImageTagDoesNotMatchDigest',
  reason: 'Invalid request parameters: given tag does not map to the given digest',
});

export const digest = (image: string): TableIdentifier => ({ imageDigest: `<${image}>` });
export const tag = (imageTag: string): TableIdentifier => ({ imageTag });
export const both = (image: string, imageTag: string): TableIdentifier => ({ imageDigest: `<${image}>`, imageTag });
