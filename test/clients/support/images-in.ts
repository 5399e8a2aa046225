import type { ECR, ImageDetail } from '@aws-sdk/client-ecr';
import type { BuiltManifest } from '../../support/images.ts';

/** The tags of each image, in order, by its digest. */
export type Images = Readonly<Record<string, readonly string[]>>;

/** The images of a repository, as DescribeImages tells them. */
export async function imagesIn(ecr: ECR, repositoryName: string): Promise<Images> {
  const details = await describeAll(ecr, repositoryName);
  return Object.fromEntries(details.map(({ imageDigest = '', imageTags = [] }) => [imageDigest, imageTags.toSorted()]));
}

/** What a repository has that got this image with these tags, and nothing else. */
export function imagesOf(image: BuiltManifest, ...tags: string[]): Images {
  return { ...childrenOf(image), [image.digest]: tags.toSorted() };
}

/** What is left of it when the index is deleted. */
export function childrenOf(image: BuiltManifest): Images {
  return Object.fromEntries(image.children.map((child) => [child.digest, []]));
}

async function describeAll(ecr: ECR, repositoryName: string): Promise<readonly ImageDetail[]> {
  const { imageDetails = [], nextToken } = await ecr.describeImages({ repositoryName });
  if (nextToken !== undefined) throw new Error(`${repositoryName} has more images than one page`);
  return imageDetails;
}
