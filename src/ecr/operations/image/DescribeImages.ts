import type { Image } from '../../../metadata/image.ts';
import { describeImages, describeNamedImages } from '../../../registry/image/describe-images.ts';
import { namesOf, type RepositoryPath } from '../../../registry/repository/repository-path.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { refusePaging, wantsActive, wantsTagged } from '../../paging.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { DescribeImagesRequest } from '../../shapes/image-list.ts';

const DEFAULT_PAGE = 100;

export const DescribeImages = (
  ports: Pick<EcrPorts, 'metadata' | 'clock' | 'pulls' | 'pageTokens'>,
): Operation<'DescribeImages'> => ({
  input: DescribeImagesRequest,
  resource: arnOf,
  run: async (input, call) => {
    const path = pathOf(input, call);
    // Whoever pulls and then looks sees the pull.
    await ports.pulls.flush(ports);
    const tagged = wantsTagged(input.filter);
    const active = wantsActive(input.filter?.imageStatus);
    if (input.imageIds) {
      refusePaging(input, 'imageIds');
      const images = await describeNamedImages(ports, path, input.imageIds);
      const wanted = images.filter((image) => active && (tagged === undefined || tagged === image.tags.length > 0));
      return { imageDetails: wanted.map((image) => describeImage(path, image)) };
    }
    const listing = ['DescribeImages', path.registry.id, path.registry.region, path.repositoryName, tagged, active];
    const after = ports.pageTokens.open<number>(listing, input.nextToken);
    const limit = input.maxResults ?? DEFAULT_PAGE;
    const { items, next } = await describeImages(ports, path, { tagged, after, limit });
    if (!active) return { imageDetails: [] };
    return {
      imageDetails: items.map((image) => describeImage(path, image)),
      nextToken: ports.pageTokens.seal(listing, next),
    };
  },
});

/** Absent rather than empty when the image has no tags (fidelity facts, section 4.3). */
function describeImage(path: RepositoryPath, image: Image) {
  return {
    ...namesOf(path),
    imageDigest: image.digest,
    imageTags: image.tags.length > 0 ? image.tags : undefined,
    imageSizeInBytes: image.imageSize,
    imagePushedAt: new Date(image.pushedAt),
    imageManifestMediaType: image.mediaType,
    artifactMediaType: image.configMediaType ?? image.artifactType,
    lastRecordedPullTime: image.lastPulledAt === undefined ? undefined : new Date(image.lastPulledAt),
    subjectManifestDigest: image.subjectDigest,
    imageStatus: 'ACTIVE' as const,
  };
}
