import fc from 'fast-check';
import {
  type Draft,
  headerOf,
  type Signing,
  type WireRequest,
  withHeader,
  withLine,
  withoutHeader,
} from './signers.ts';
import { KEY, NOW } from './verifying.ts';

const TOKEN = 'IQoJb3JpZ2luX2VjE+/=';
const OWN_HEADERS = ['x-amz-target', 'x-amz-meta-a', 'x-amz-zeta', 'accept', 'x-custom', 'Content-Type', 'My-Header'];

const segment = fc.string({
  unit: fc.constantFrom(..."aZ09-_.~!'()*+=:@$,;&", '..', '%20', '%2F', '%2e', '%E2%82%AC', '%25'),
  maxLength: 6,
});
const path = fc.array(segment, { maxLength: 5 }).map((segments) => `/${segments.join('/')}`);
const query = fc.array(
  fc.tuple(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }).filter((name) => name !== '__proto__'),
    fc.string({ unit: 'binary', maxLength: 6 }),
  ),
  { maxLength: 5 },
);
/** aws4 also trims what JavaScript calls white space; on the wire these are bytes like others, so the property leaves them out. */
const fieldValue = fc
  .string({
    unit: fc.oneof(fc.constantFrom(' ', '  ', '\t', ','), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
    maxLength: 8,
  })
  .map((text) => text.replace(/[^\S \t]|\p{Cc}/gu, (found) => (found === '\t' ? found : '')));
const headers = fc.dictionary(fc.constantFrom(...OWN_HEADERS), fieldValue, { maxKeys: 5, noNullPrototype: true });

/** Requests that signers may be handed, far beyond what a client of ECR sends. */
export const draft: fc.Arbitrary<Draft> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'),
  path,
  query,
  headers: fc
    .tuple(headers, fc.constantFrom('localhost:4327', 'api.ecr.eu-west-1.amazonaws.com', '[::1]:80'))
    .map(([own, host]) => ({ Host: host, ...own })),
  body: fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
});

export const signing: fc.Arbitrary<Signing> = fc.record({
  key: fc.constantFrom(KEY, { ...KEY, id: 'ASIABERTH', sessionToken: TOKEN }),
  region: fc.constantFrom('us-east-1', 'onprem-1', 'x', 'cn-north-1'),
  service: fc.constant('ecr'),
  at: fc.integer({ min: -900, max: 900 }).map((seconds) => NOW + seconds * 1000),
  checksum: fc.boolean(),
});

/** The keys that `signing` signs with. */
export const KEYS = [KEY, { ...KEY, id: 'ASIABERTH', sessionToken: TOKEN }];

/** Another order of the lines and another case of their names: neither is a part of what is signed. */
export const rearrangement = fc
  .record({ first: fc.nat(20), backwards: fc.boolean(), upper: fc.boolean() })
  .map(({ first, backwards, upper }) => (request: WireRequest): WireRequest => {
    const start = first % request.headers.length;
    const lines = [...request.headers.slice(start), ...request.headers.slice(0, start)];
    const order = backwards ? lines.toReversed() : lines;
    return { ...request, headers: order.map(([name, value]) => [upper ? name.toUpperCase() : name, value] as const) };
  });

type Mutation = (request: WireRequest, at: number) => WireRequest;

/** Changes of one thing after signing, each of which must cost the request its acceptance. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'a bit of the body is flipped': (request, at) => {
    const body = Buffer.from(request.body.length === 0 ? 'x' : request.body);
    const index = at % body.length;
    body[index] = (body[index] ?? 0) ^ (1 << (at % 8));
    return { ...request, body };
  },
  'a byte is added to the body': (request, at) => ({
    ...request,
    body: Buffer.concat([request.body, Buffer.of(at % 256)]),
  }),
  'the method is another': (request) => ({ ...request, method: request.method === 'POST' ? 'GET' : 'POST' }),
  'the path has one more segment': (request) => ({
    ...request,
    target: request.target.replace(/^[^?]*/, (path) => `${path}/zz`),
  }),
  'the query has one more parameter': (request) => ({
    ...request,
    target: `${request.target}${request.target.includes('?') ? '&' : '?'}zz=1`,
  }),
  'a character of a signed header is another': (request, at) => {
    const name = pick(bodiedNames(request), at);
    return withHeader(request, name, (value) => changeOne(value, at));
  },
  'a signed header is gone': (request, at) => withoutHeader(request, pick(signedNames(request), at)),
  'a signed header has another name': (request, at) => {
    const name = pick(signedNames(request), at);
    return {
      ...request,
      headers: request.headers.map(([n, v]) => [n.toLowerCase() === name ? `${n}x` : n, v] as const),
    };
  },
  'a signed header has a second line': (request, at) =>
    withLine(request, pick(signedNames(request), at), 'zz', at % 2 === 0 ? 'first' : 'last'),
  'an x-amz header is added': (request, at) =>
    withLine(request, pick(['x-amz-new', 'X-Amz-Copy-Source', 'x-amz-acl'], at), 'zz', 'last'),
  'there is a second Authorization': (request, at) =>
    withLine(request, 'Authorization', headerOf(request, 'authorization'), at % 2 === 0 ? 'first' : 'last'),
  'a digit of the signature is another': (request, at) =>
    editAuthorization(request, /[0-9a-f]{64}$/, (signature) => {
      const index = at % 64;
      const digit = (Number.parseInt(signature.charAt(index), 16) + 1 + (at % 15)) % 16;
      return signature.slice(0, index) + digit.toString(16) + signature.slice(index + 1);
    }),
  'a name is struck from SignedHeaders': (request, at) => {
    const struck = pick(signedNames(request), at);
    return editAuthorization(
      request,
      /SignedHeaders=[^,]*/,
      (list) =>
        `SignedHeaders=${list
          .slice('SignedHeaders='.length)
          .split(';')
          .filter((name) => name !== struck)
          .join(';')}`,
    );
  },
  'the key is another one that exists': (request) =>
    editAuthorization(request, /Credential=[^/]*/, (id) =>
      id.endsWith('ASIABERTH') ? 'Credential=AKIABERTH' : 'Credential=ASIABERTH',
    ),
  'the key is one that does not exist': (request) => editAuthorization(request, /Credential=[^/]*/, (id) => `${id}2`),
  'the region is another': (request) => editAuthorization(request, /\/[a-z0-9-]+\/ecr\//, () => '/eu-south-9/ecr/'),
  'the day of the scope is another': (request) => editAuthorization(request, /\/\d{8}\//, () => '/20261122/'),
  'the date is another second': (request) =>
    withHeader(request, 'x-amz-date', (value) =>
      value.replace(/\dZ$/, (unit) => `${(Number.parseInt(unit, 10) + 1) % 10}Z`),
    ),
};

function pick(names: readonly string[], at: number): string {
  return names[at % names.length] ?? 'host';
}

function signedNames(request: WireRequest): readonly string[] {
  return (/SignedHeaders=([^,]*)/.exec(headerOf(request, 'authorization'))?.[1] ?? '').split(';');
}

function bodiedNames(request: WireRequest): readonly string[] {
  return signedNames(request).filter((name) => /[^ \t]/.test(headerOf(request, name)));
}

/** Replaces a character that is neither space nor tab by another such character. */
function changeOne(value: string, at: number): string {
  const places = [...value.matchAll(/[^ \t]/g)].map(({ index }) => index);
  const place = places[at % places.length] ?? 0;
  return value.slice(0, place) + (value.charAt(place) === 'q' ? 'r' : 'q') + value.slice(place + 1);
}

function editAuthorization(request: WireRequest, part: RegExp, change: (found: string) => string): WireRequest {
  return withHeader(request, 'authorization', (value) => value.replace(part, change));
}
