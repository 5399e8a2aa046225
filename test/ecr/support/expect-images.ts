import { BatchGetImageCommand, DescribeImagesCommand, type ECRClient, type ImageIdentifier } from '@aws-sdk/client-ecr';
import { expect } from 'vitest';
import { failure } from './failures.ts';
import type { TestRepository } from './test-repository.ts';

/** Holds what the repository shows, every way it can be looked at, against what it should have: a tag an entry. */
export async function expectImages(
  client: ECRClient,
  repository: TestRepository,
  expected: readonly ImageIdentifier[],
): Promise<void> {
  const ordered = inOrder(expected);
  expect(inOrder(await repository.list())).toEqual(ordered);

  const { imageDetails = [] } = await client.send(new DescribeImagesCommand({ ...repository.named, maxResults: 1000 }));
  const described = imageDetails.map(({ imageDigest, imageTags }) => [imageDigest, imageTags ?? []]);
  expect(new Map(described as [string, string[]][])).toEqual(tagsByDigest(ordered));

  if (ordered.length === 0) return;
  const absent = { imageTag: 'a-tag-that-nobody-pushes' };
  const got = await client.send(new BatchGetImageCommand({ ...repository.named, imageIds: [...ordered, absent] }));
  expect(got.images?.map(({ imageId }) => imageId)).toEqual(ordered);
  expect(got.failures).toEqual([failure.notFound(absent)]);
}

/** By digest; within an image as given. */
function inOrder(imageIds: readonly ImageIdentifier[]): ImageIdentifier[] {
  return [...tagsByDigest(imageIds)]
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
    .flatMap(([imageDigest, tags]) =>
      tags.length === 0 ? [{ imageDigest }] : tags.map((imageTag) => ({ imageDigest, imageTag })),
    );
}

function tagsByDigest(imageIds: readonly ImageIdentifier[]): Map<string, string[]> {
  const tags = new Map<string, string[]>();
  for (const { imageDigest = '', imageTag } of imageIds) {
    tags.set(imageDigest, [...(tags.get(imageDigest) ?? []), ...(imageTag === undefined ? [] : [imageTag])]);
  }
  return tags;
}
