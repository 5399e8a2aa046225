import {
  BatchDeleteImageCommand,
  CompleteLayerUploadCommand,
  CreateRepositoryCommand,
  type CreateRepositoryCommandInput,
  type ECRClient,
  type ImageIdentifier,
  InitiateLayerUploadCommand,
  ListImagesCommand,
  PutImageCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import { type Blob, type BuiltManifest, buildImage, type ManifestExtras } from '../../support/images.ts';

let made = 0;

/** A repository that no other test knows. Its settings are ECR's defaults unless named. */
export async function freshRepository(
  client: ECRClient,
  settings: Omit<CreateRepositoryCommandInput, 'repositoryName'> = {},
): Promise<TestRepository> {
  const repositoryName = `team/repository-${++made}`;
  await client.send(new CreateRepositoryCommand({ ...settings, repositoryName }));
  return new TestRepository(client, repositoryName);
}

/** Pushes and looks through the API alone, as any client would. */
export class TestRepository {
  /** Spread into an input: `{ ...repository.named, imageIds }`. */
  readonly named: { readonly repositoryName: string };
  readonly name: string;
  readonly #client: ECRClient;
  readonly #uploaded = new Set<string>();

  constructor(client: ECRClient, name: string) {
    this.#client = client;
    this.name = name;
    this.named = { repositoryName: name };
  }

  /** Pushes blobs, then children, then the manifest, once for each tag. */
  async push(image: BuiltManifest, ...tags: readonly string[]): Promise<BuiltManifest> {
    for (const blob of image.blobs) await this.pushBlob(blob);
    for (const child of image.children) if (!this.#uploaded.has(child.digest)) await this.push(child);
    for (const tag of tags.length > 0 ? tags : [undefined]) await this.put(image, tag);
    this.#uploaded.add(image.digest);
    return image;
  }

  /** Puts the manifest alone. */
  async put(image: BuiltManifest, tag?: string): Promise<void> {
    const imageManifest = Buffer.from(image.bytes).toString('utf8');
    await this.#client.send(new PutImageCommand({ ...this.named, imageManifest, imageTag: tag }));
  }

  /** Uploads a blob that has not been uploaded here before. */
  async pushBlob({ digest, bytes }: Blob): Promise<void> {
    if (this.#uploaded.has(digest)) return;
    const { uploadId } = await this.#client.send(new InitiateLayerUploadCommand(this.named));
    const last = bytes.byteLength - 1;
    await this.#client.send(
      new UploadLayerPartCommand({
        ...this.named,
        uploadId,
        partFirstByte: 0,
        partLastByte: last,
        layerPartBlob: bytes,
      }),
    );
    await this.#client.send(new CompleteLayerUploadCommand({ ...this.named, uploadId, layerDigests: [digest] }));
    this.#uploaded.add(digest);
  }

  /** BatchDeleteImage, without what the SDK adds. */
  async delete(...imageIds: readonly ImageIdentifier[]) {
    const answer = await this.#client.send(new BatchDeleteImageCommand({ ...this.named, imageIds: [...imageIds] }));
    return outputOf(answer);
  }

  /** Every identifier of the repository, in the order of ListImages. */
  async list(): Promise<ImageIdentifier[]> {
    const { imageIds = [] } = await this.#client.send(new ListImagesCommand({ ...this.named, maxResults: 1000 }));
    return imageIds;
  }
}

/** An image of its own for each name, whose config and layer are the same for all: quick to push. */
export function imageNamed(name: string, extras: Omit<ManifestExtras, 'annotations'> = {}): BuiltManifest {
  return buildImage('shared', { ...extras, annotations: { name } });
}

/** What the service answered: the output without the SDK's metadata. */
export function outputOf<T extends { $metadata: unknown }>({ $metadata: _, ...output }: T): Omit<T, '$metadata'> {
  return output;
}
