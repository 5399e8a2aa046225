import { expect, test } from 'vitest';
import { digestOf } from '../../src/model/digest.ts';
import { OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '../../src/model/media-type.ts';
import {
  type BuiltManifest,
  buildImage,
  buildIndex,
  descriptorOf,
  makeRepository,
  putManifest,
} from '../support/images.ts';
import { expectFault, type OciServer, startOci } from './support/oci-server.ts';

const SUBJECT = buildImage('subject');
const SBOM = 'application/vnd.example.sbom.v1+json';
const SIGNATURE = 'application/vnd.example.signature.v1';
const LIMIT = 4_194_304;

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly artifactType?: string }[];
}

const list = (server: OciServer, query = '') => server.send(`GET /v2/app/referrers/${SUBJECT.digest}${query}`);

async function pagesOf(server: OciServer, query = ''): Promise<{ pages: Index[]; sizes: number[] }> {
  const [pages, sizes]: [Index[], number[]] = [[], []];
  for (let next: string | undefined = `/v2/app/referrers/${SUBJECT.digest}${query}`; next !== undefined; ) {
    const { status, headers, text, bytes } = await server.send(`GET ${next}`);
    expect(status).toBe(200);
    pages.push(JSON.parse(text) as Index);
    sizes.push(bytes.byteLength);
    next = /^<([^>]*)>; rel="next"$/.exec(String(headers['link'] ?? ''))?.[1];
  }
  return { pages, sizes };
}

const digestsIn = (pages: readonly Index[]) => pages.flatMap(({ manifests }) => manifests.map(({ digest }) => digest));

/** A manifest that needs nothing to be there, as large as its annotation. */
function referrer(name: string, annotation: number, artifactType = SBOM): BuiltManifest {
  return buildIndex([], { subject: SUBJECT, artifactType, annotations: { name, padding: 'x'.repeat(annotation) } });
}

test('the referrers of an image are an index with what each says of itself, in order of digest', async () => {
  await using server = await startOci();
  const annotations = { 'org.opencontainers.image.created': '2026-11-23T12:00:00Z', é: '\u2028"\\' };
  const artifact = buildImage('artifact', { subject: SUBJECT, artifactType: SIGNATURE, annotations });
  const image = buildImage('image', { subject: SUBJECT });
  const index = buildIndex([], { subject: SUBJECT });
  for (const pushed of [SUBJECT, artifact, image, index, buildImage('stranger')]) await server.pushImage('app', pushed);
  const answer = await list(server);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe(OCI_IMAGE_INDEX);
  expect(answer.headers).not.toHaveProperty('oci-filters-applied');
  expect(answer.headers).not.toHaveProperty('link');
  const descriptors = [
    { ...descriptorOf(OCI_IMAGE_MANIFEST, artifact), artifactType: SIGNATURE, annotations },
    { ...descriptorOf(OCI_IMAGE_MANIFEST, image), artifactType: 'application/vnd.oci.image.config.v1+json' },
    descriptorOf(OCI_IMAGE_INDEX, index),
  ];
  expect(JSON.parse(answer.text)).toEqual({
    schemaVersion: 2,
    mediaType: OCI_IMAGE_INDEX,
    manifests: descriptors.toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
  });
});

test('a digest that nothing refers to has none, even in a repository that does not exist', async () => {
  await using server = await startOci();
  await server.pushImage('app', SUBJECT);
  const empty = `{"schemaVersion":2,"mediaType":"${OCI_IMAGE_INDEX}","manifests":[]}`;
  for (const path of [
    `/v2/app/referrers/${SUBJECT.digest}`,
    `/v2/app/referrers/${buildImage('unknown').digest}`,
    `/v2/app/referrers/${digestOf(SUBJECT.bytes, 'sha512')}`,
    `/v2/gone/referrers/${SUBJECT.digest}`,
  ]) {
    expect(await server.send(`GET ${path}`)).toMatchObject({ status: 200, text: empty });
  }
  const answer = await server.send('GET /v2/app/referrers/v1');
  const sentence = "The digest 'v1' is not valid: sha256 with 64 or sha512 with 128 lower-case hexadecimal digits";
  expectFault(answer, 400, 'DIGEST_INVALID', sentence);
});

test('referrers are filtered by type, and the answer says so', async () => {
  await using server = await startOci();
  const [sbom, signature] = [referrer('sbom', 1), referrer('signature', 1, SIGNATURE)];
  for (const pushed of [sbom, signature]) await server.pushImage('app', pushed);
  // The plus sign of the type as itself, and encoded.
  for (const query of [`?artifactType=${SBOM}`, `?artifactType=${encodeURIComponent(SBOM)}`]) {
    const answer = await list(server, query);
    expect(digestsIn([JSON.parse(answer.text) as Index])).toEqual([sbom.digest]);
    expect(answer.headers['oci-filters-applied']).toBe('artifactType');
  }
  // The second is no type at all.
  for (const type of ['application/x', 'application/x%00']) {
    const none = await list(server, `?artifactType=${type}`);
    expect(none.text).toContain('"manifests":[]');
    expect(none.headers['oci-filters-applied']).toBe('artifactType');
  }
  const both = await list(server, `?artifactType=${SBOM}&artifactType=${SIGNATURE}`);
  expect(digestsIn([JSON.parse(both.text) as Index])).toEqual([sbom.digest, signature.digest].sort());
  const all = await list(server, '?artifactType=');
  expect(digestsIn([JSON.parse(all.text) as Index])).toHaveLength(2);
  expect(all.headers).not.toHaveProperty('oci-filters-applied');
});

test('referrers that were deleted are gone at once, and those of other repositories are not seen', async () => {
  await using server = await startOci();
  const one = referrer('one', 1);
  await server.pushImage('app', one);
  await server.pushImage('other', referrer('two', 1));
  expect(digestsIn((await pagesOf(server)).pages)).toEqual([one.digest]);
  await server.send(`DELETE /v2/app/manifests/${one.digest}`);
  expect(digestsIn((await pagesOf(server)).pages)).toEqual([]);
});

test('a page is never larger than a client can read, and the pages have everything once', async () => {
  await using server = await startOci();
  const images = Array.from({ length: 12 }, (_, i) =>
    referrer(`large ${i}`, 1_500_000, i % 3 === 0 ? SIGNATURE : SBOM),
  );
  for (const image of images) await server.pushImage('app', image);
  const { pages, sizes } = await pagesOf(server);
  expect(digestsIn(pages)).toEqual(images.map(({ digest }) => digest).sort());
  expect(pages.map(({ manifests }) => manifests.length)).toEqual([2, 2, 2, 2, 2, 2]);
  for (const size of sizes) expect(size).toBeLessThanOrEqual(LIMIT);
  const filtered = await pagesOf(server, `?artifactType=${SIGNATURE}`);
  expect(filtered.pages.map(({ manifests }) => manifests.length)).toEqual([2, 2]);
  expect(filtered.pages.flatMap(({ manifests }) => manifests.map(({ artifactType }) => artifactType))).toEqual(
    Array(4).fill(SIGNATURE),
  );
});

test('one referrer that fills a page, and more than that, has it for itself', async () => {
  await using server = await startOci();
  const digests: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    // The largest manifest there can be, with less about itself than its descriptor says.
    const before = `{"schemaVersion":2,"manifests":[],"subject":{"mediaType":"m","digest":"${SUBJECT.digest}","size":1},"annotations":{"${name}":"`;
    const body = `${before}${'x'.repeat(LIMIT - before.length - 3)}"}}`;
    const answer = await server.send(`PUT /v2/app/manifests/${name}`, { body });
    expect(answer.status, answer.text).toBe(201);
    digests.push(String(answer.headers['docker-content-digest']));
  }
  const { pages, sizes } = await pagesOf(server);
  expect(pages.map(({ manifests }) => manifests.length)).toEqual([1, 1, 1]);
  expect(digestsIn(pages)).toEqual(digests.toSorted());
  for (const size of sizes) expect(size).toBeGreaterThan(LIMIT);
});

test('a flood of referrers comes in pages of a thousand', async () => {
  await using server = await startOci();
  const path = await makeRepository(server.stores.ports, 'app');
  const images = Array.from({ length: 2100 }, (_, i) => referrer(`small ${i}`, 1));
  for (const image of images) await putManifest(server.stores.ports, path, image);
  const { pages } = await pagesOf(server);
  expect(pages.map(({ manifests }) => manifests.length)).toEqual([1000, 1000, 100]);
  expect(digestsIn(pages)).toEqual(images.map(({ digest }) => digest).sort());
});

test('a page begins after a digest, and after nothing else', async () => {
  await using server = await startOci();
  for (const last of ['', 'x', '%00', 'sha256:x']) {
    expect((await list(server, `?last=${last}`)).text).toContain('DIGEST_INVALID');
  }
  const twice = await list(server, `?last=${SUBJECT.digest}&last=${SUBJECT.digest}`);
  expectFault(twice, 400, 'UNSUPPORTED', "The parameter 'last' is there more than once");
});
