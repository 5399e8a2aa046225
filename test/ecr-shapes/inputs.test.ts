import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/aws/shapes/parse.ts';
import type { Served } from '../../src/ecr/unserved.ts';
import { refusal, violation } from '../aws/shapes/refusal.ts';
import { INPUTS } from './inputs.ts';

const OPERATIONS = Object.keys(INPUTS) as Served[];
const REPOSITORY_OPERATIONS = OPERATIONS.filter((name) => 'repositoryName' in INPUTS[name].request);
const REGISTRY_OPERATIONS = OPERATIONS.filter((name) => 'registryId' in INPUTS[name].request);

describe.each(OPERATIONS)('the input of %s', (operation) => {
  const { shape, request } = INPUTS[operation];

  it('takes a request in which every member stands, and passes each one on', () => {
    expect(shape.members.map((member) => member.name).toSorted()).toEqual(Object.keys(request).toSorted());
    const parsed = parse(shape, { ...request, unknown: 1 });
    const expected = operation === 'UploadLayerPart' ? { ...request, layerPartBlob: Buffer.of(1, 2, 3) } : request;
    expect(parsed).toEqual(expected);
  });

  it('takes a request without its optional members, but misses each required one', () => {
    const required = shape.members.filter((member) => member.required).map((member) => member.name);
    const smallest = Object.fromEntries(required.map((name) => [name, request[name]]));
    expect(refusal(shape, smallest)).toBe('accepted');
    for (const name of required) {
      expect(refusal(shape, { ...request, [name]: null })).toBe(violation(name, 'Member must not be null'));
      const { [name]: _, ...without } = request;
      expect(refusal(shape, without)).toBe(violation(name, 'Member must not be null'));
    }
  });

  it('refuses a member of the wrong JSON type by its path', () => {
    for (const { name, shape: member } of shape.members) {
      for (const wrong of [1.5, 'text', true, [], {}].filter((value) => !mayBe(member.kind, value))) {
        expect(refusal(shape, { ...request, [name]: wrong })).toContain(`MalformedRequest: Expected ${name} to be a`);
      }
    }
  });

  it('never fails in any other way than with a fault, whatever is sent', () => {
    const hostile = fc.oneof(fc.jsonValue(), fc.constantFrom(Number.POSITIVE_INFINITY, -0, 2 ** 53, '\ud800', '\0'));
    const members = Object.fromEntries(
      Object.entries(request).map(([name, value]) => [name, fc.oneof(fc.constant(value), hostile)]),
    );
    fc.assert(
      fc.property(fc.oneof(fc.record(members, { requiredKeys: [] }), fc.jsonValue()), (json) => {
        expect(refusal(shape, json)).toMatch(/^(?:accepted$|InvalidParameter: |MalformedRequest: )/);
      }),
      { numRuns: 50 },
    );
  });
});

function mayBe(kind: string, value: unknown): boolean {
  if (Array.isArray(value)) return kind === 'list';
  if (typeof value === 'object') return kind === 'structure';
  return kind === typeof value || (kind === 'blob' && value === 'text');
}

describe('repository names', () => {
  const REFUSED = violation(
    'repositoryName',
    "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'",
  );

  it('are refused by every operation in the words of the service', () => {
    const names = [
      '..',
      'a/../b',
      'a//b',
      '/a',
      'a/',
      '.a',
      'a.',
      'a..b',
      'AB',
      'a%2fb',
      'a\\b',
      'a\0b',
      'ab\n',
      'a b',
      'ａｂ',
    ];
    for (const operation of REPOSITORY_OPERATIONS) {
      const { shape, request } = INPUTS[operation];
      for (const repositoryName of names) expect(refusal(shape, { ...request, repositoryName })).toBe(REFUSED);
    }
    expect(REPOSITORY_OPERATIONS).toHaveLength(14);
  });

  it('may be as the newest grammar has them, though the sentence shows the older one', () => {
    const { shape, request } = INPUTS.ListImages;
    for (const repositoryName of ['ab', 'a--b', 'a__b', 'a/b.c_d-e', 'a'.repeat(256)]) {
      expect(refusal(shape, { ...request, repositoryName })).toBe('accepted');
    }
  });

  it('have 2 to 256 characters, and are refused for their length before their content', () => {
    const { shape, request } = INPUTS.CreateRepository;
    for (const repositoryName of ['', 'a', 'A']) {
      expect(refusal(shape, { ...request, repositoryName })).toBe(
        violation('repositoryName', 'must have length greater than or equal to 2'),
      );
    }
    for (const repositoryName of ['a'.repeat(257), '/'.repeat(257)]) {
      expect(refusal(shape, { ...request, repositoryName })).toBe(
        violation('repositoryName', 'must have length less than or equal to 256'),
      );
    }
  });
});

describe('registry ids', () => {
  it('are 12 digits in every operation, and nothing around them', () => {
    for (const operation of REGISTRY_OPERATIONS) {
      const { shape, request } = INPUTS[operation];
      for (const registryId of ['', '12345678901', '1234567890123', '1234567890123456/../x', '12345678901２']) {
        expect(refusal(shape, { ...request, registryId })).toBe(
          violation('registryId', 'Member must satisfy regular expression pattern: [0-9]{12}'),
        );
      }
    }
    expect(REGISTRY_OPERATIONS).toHaveLength(15);
  });
});

describe('upload ids', () => {
  it('are UUIDs in every operation, and nothing around them', () => {
    for (const operation of ['UploadLayerPart', 'CompleteLayerUpload'] as const) {
      const { shape, request } = INPUTS[operation];
      for (const uploadId of [`../${request['uploadId']}`, `${request['uploadId']}/..`, `${request['uploadId']}\n`]) {
        expect(refusal(shape, { ...request, uploadId })).toContain("Invalid parameter at 'uploadId'");
      }
    }
  });
});

describe('the tag of a new image', () => {
  it('follows the grammar of tags', () => {
    const { shape, request } = INPUTS.PutImage;
    for (const imageTag of ['latest', '1.0', '_x', 'A-b.c_D', 'sha256-abc']) {
      expect(refusal(shape, { ...request, imageTag })).toBe('accepted');
    }
    for (const imageTag of ['.a', '-a', 'a b', 'a:b', 'a/b', 'é', '🐳', 'a\n', 'latest@sha256']) {
      expect(refusal(shape, { ...request, imageTag })).toBe(
        violation('imageTag', "must satisfy regular expression '[a-zA-Z0-9-_.]+'"),
      );
    }
  });
});

describe('patterns', () => {
  it('take no time to speak of for a million characters that almost match', () => {
    const almost: readonly (readonly [Served, string, string])[] = [
      ['GetDownloadUrlForLayer', 'layerDigest', `${'a'.repeat(1_000_000)}!`],
      ['GetDownloadUrlForLayer', 'layerDigest', `a:${'a'.repeat(1_000_000)}!`],
      ['CompleteLayerUpload', 'uploadId', 'a'.repeat(1_000_000)],
      ['ListImages', 'registryId', '1'.repeat(1_000_000)],
      ['ListImages', 'repositoryName', `${'a-'.repeat(127)}!`],
      ['ListImages', 'repositoryName', `${'a'.repeat(255)}!`],
      ['ListImages', 'repositoryName', `a${'_'.repeat(254)}`],
      ['PutImage', 'imageTag', `${'a'.repeat(299)}!`],
    ];
    const started = performance.now();
    for (const [operation, member, text] of almost) {
      const { shape, request } = INPUTS[operation];
      expect(refusal(shape, { ...request, [member]: text })).toContain(`Invalid parameter at '${member}'`);
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
