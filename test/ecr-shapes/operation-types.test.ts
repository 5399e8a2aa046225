import type * as sdk from '@aws-sdk/client-ecr';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { parse } from '../../src/aws/shapes/parse.ts';
import type { ParsedOf } from '../../src/aws/shapes/parsed.ts';
import type { Structure } from '../../src/aws/shapes/shape.ts';
import type { Call, Operation, Parsed } from '../../src/ecr/operation.ts';
import type { InputOf, OperationName, OutputOf } from '../../src/ecr/operation-names.ts';
import { BatchDeleteImageRequest, BatchGetImageRequest } from '../../src/ecr/shapes/image.ts';
import { ListImagesRequest } from '../../src/ecr/shapes/image-list.ts';
import { UploadLayerPartRequest } from '../../src/ecr/shapes/layer.ts';
import { CreateRepositoryRequest } from '../../src/ecr/shapes/repository.ts';
import { ListTagsForResourceRequest } from '../../src/ecr/shapes/tagging.ts';
import type { Served, Unserved } from '../../src/ecr/unserved.ts';

/** Stand-ins for real operations, written as a rule's answer would be: read-only lists, optional members that may be undefined. */
const createRepository: Operation<'CreateRepository'> = {
  input: CreateRepositoryRequest,
  resource: (input) => input.repositoryName,
  run: async (input, call) => {
    const kmsKey: string | undefined = input.encryptionConfiguration?.kmsKey;
    return {
      repository: {
        registryId: input.registryId ?? call.registry.id,
        repositoryName: input.repositoryName,
        createdAt: new Date(0),
        imageTagMutability: input.imageTagMutability ?? 'MUTABLE',
        imageTagMutabilityExclusionFilters: input.imageTagMutabilityExclusionFilters,
        encryptionConfiguration: { encryptionType: input.encryptionConfiguration?.encryptionType ?? 'AES256', kmsKey },
      },
    };
  },
};

const batchDeleteImage: Operation<'BatchDeleteImage'> = {
  input: BatchDeleteImageRequest,
  resource: (input) => input.repositoryName,
  run: async (input) => {
    const failures: readonly sdk.ImageFailure[] = [];
    return { failures, imageIds: input.imageIds };
  },
};

const batchGetImage: Operation<'BatchGetImage'> = {
  input: BatchGetImageRequest,
  resource: (input) => input.repositoryName,
  run: async (input) => ({
    images: input.imageIds.map((imageId) => ({ imageId, imageManifest: '{}', imageManifestSize: 2 })),
    failures: [],
  }),
};

const listImages: Operation<'ListImages'> = {
  input: ListImagesRequest,
  resource: () => '*',
  run: async (input) => ({ imageIds: [], nextToken: input.filter?.tagStatus === 'ANY' ? undefined : 'more' }),
};

const call: Call = {
  registry: { id: '123456789012', region: 'us-east-1' },
  principal: { arn: 'arn:aws:iam::123456789012:user/test', accountId: '123456789012' },
  origin: 'http://localhost:4327',
  requestId: 'r',
};

type InTable = 'BatchDeleteImage' | 'BatchGetImage' | 'CreateRepository' | 'ListImages';
type Table = { readonly [N in InTable]: Operation<N> };

describe('the type contract with the SDK', () => {
  it('knows the 62 operations of the SDK, none of them by the name of its base class', () => {
    expectTypeOf<'BatchDeleteImage'>().toExtend<OperationName>();
    expectTypeOf<'StopReplicationBackfill'>().toExtend<OperationName>();
    // @ts-expect-error: the base class of commands is no operation
    expectTypeOf<'$'>().toExtend<OperationName>();
    // @ts-expect-error: misspelt
    expectTypeOf<'BatchDeleteImages'>().toExtend<OperationName>();
  });

  it("takes inputs and outputs from the SDK's commands", () => {
    expectTypeOf<InputOf<'ListImages'>>().toExtend<sdk.ListImagesRequest>();
    expectTypeOf<sdk.ListImagesRequest>().toExtend<InputOf<'ListImages'>>();
    expectTypeOf<sdk.ListImagesResponse>().toExtend<OutputOf<'ListImages'>>();
    expectTypeOf<InputOf<'GetAuthorizationToken'>>().toExtend<sdk.GetAuthorizationTokenRequest>();
    expectTypeOf<OutputOf<'ListImages'>>().not.toHaveProperty('$metadata');
    expectTypeOf<OutputOf<'DescribeImages'>>().not.toBeNever();
  });

  it('splits the names into those served and those that are not', () => {
    expectTypeOf<Served | Unserved>().toEqualTypeOf<OperationName>();
    expectTypeOf<Served & Unserved>().toBeNever();
  });

  it('gives a rule an input whose required members are there and whose lists are read-only', () => {
    type Delete = Parsed<'BatchDeleteImage'>;
    expectTypeOf<Delete['repositoryName']>().toEqualTypeOf<string>();
    expectTypeOf<Delete['imageIds']>().toEqualTypeOf<
      readonly { readonly imageDigest?: string; readonly imageTag?: string }[]
    >();
    expectTypeOf<Parsed<'UploadLayerPart'>['layerPartBlob']>().toEqualTypeOf<Uint8Array>();
    expectTypeOf<Parsed<'CreateRepository'>['imageTagMutability']>().toEqualTypeOf<
      sdk.ImageTagMutability | undefined
    >();
    expectTypeOf(() => parse(UploadLayerPartRequest, {})).returns.toEqualTypeOf<Parsed<'UploadLayerPart'>>();
  });

  it('accepts a table that has every operation, each under its own name', async () => {
    const table = {
      BatchDeleteImage: batchDeleteImage,
      BatchGetImage: batchGetImage,
      CreateRepository: createRepository,
      ListImages: listImages,
    } satisfies Table;

    // @ts-expect-error: an operation is missing
    const short = { BatchDeleteImage: batchDeleteImage, BatchGetImage: batchGetImage } satisfies Table;
    // @ts-expect-error: an operation stands under another's name
    const swapped = { ...table, CreateRepository: listImages } satisfies Table;
    // @ts-expect-error: a name that is no operation
    const extra = { ...table, ListImage: listImages } satisfies Table;
    expect([short, swapped, extra]).toHaveLength(3);

    async function serve<N extends InTable>(name: N, json: unknown): Promise<OutputOf<N>> {
      const operation: Operation<N> = (table satisfies Table as Table)[name];
      return operation.run(parse(operation.input, json), call);
    }
    const answer = await serve('BatchDeleteImage', { repositoryName: 'ubuntu', imageIds: [{ imageTag: 'precise' }] });
    expect(answer).toEqual({ failures: [], imageIds: [{ imageTag: 'precise' }] });
  });

  it('refuses an output that the SDK could not read', () => {
    const operation: Operation<'ListImages'> = {
      ...listImages,
      // @ts-expect-error: a list where AWS has a text
      run: async () => ({ nextToken: ['a'] }),
    };
    const swapped: Operation<'BatchDeleteImage'> = {
      ...batchDeleteImage,
      // @ts-expect-error: another operation's input
      input: ListTagsForResourceRequest,
    };
    expect([operation, swapped]).toHaveLength(2);
  });

  it('is invariant: a declared shape stands for its type and for no other', () => {
    expectTypeOf<Structure<{ a: string }>>().not.toExtend<Structure<{ a?: string }>>();
    expectTypeOf<ParsedOf<sdk.Tag>>().toEqualTypeOf<{ readonly Key: string; readonly Value: string }>();
  });
});
