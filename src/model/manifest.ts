import { z } from 'zod';
import { type Digest, type DigestAlgorithm, digestOf, parseDigest } from './digest.ts';
import { Fault } from './fault.ts';
import {
  isManifestMediaType,
  isMediaType,
  MANIFEST_MEDIA_TYPES,
  type ManifestKind,
  type ManifestMediaType,
} from './media-type.ts';
import { parseStrictJson } from './strict-json.ts';

/** A reference to content by digest (OCI image specification, "Descriptor"). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

export interface BlobDescriptor extends Descriptor {
  /** False for layers that may live elsewhere (`urls`, non-distributable types): they are linked if present, not missed. */
  readonly required: boolean;
}

/** What Berth understands of a manifest. The bytes are kept as pushed; the digest is over them. */
export interface Manifest {
  readonly digest: Digest;
  readonly mediaType: ManifestMediaType;
  readonly kind: ManifestKind;
  readonly bytes: Uint8Array;
  /** Config first, then layers in order; empty for an index. Each digest once. */
  readonly blobs: readonly BlobDescriptor[];
  /** The manifests an index lists, each digest once; empty for an image. */
  readonly children: readonly Descriptor[];
  readonly configMediaType: string | undefined;
  readonly subject: Descriptor | undefined;
  /** The manifest's own `artifactType`, else its config's media type (distribution specification, "Listing Referrers"). */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** ECR's limit, shape `ImageManifest`. */
export const MAX_MANIFEST_BYTES = 4_194_304;
const MAX_DESCRIPTORS = 10_000;

const mediaType = z.string().refine(isMediaType);
const annotations = z.record(z.string(), z.string()).nullish();
const descriptor = z.looseObject({
  mediaType,
  digest: z.string().refine((text) => parseDigest(text) !== undefined, 'not a sha256 or sha512 digest'),
  size: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  urls: z.array(z.string()).nullish(),
});
const common = {
  schemaVersion: z.literal(2),
  artifactType: z.union([mediaType, z.literal('')]).nullish(),
  annotations,
  subject: descriptor.nullish(),
};
const image = z.looseObject({
  ...common,
  config: descriptor,
  layers: z.array(descriptor).max(MAX_DESCRIPTORS),
  manifests: z.undefined().optional(),
});
const index = z.looseObject({
  ...common,
  manifests: z.array(descriptor).max(MAX_DESCRIPTORS),
  config: z.undefined().optional(),
  layers: z.undefined().optional(),
});

type RawDescriptor = z.infer<typeof descriptor>;

/**
 * Reads untrusted bytes as a manifest. `declared` is the media type the client named beside the bytes, `algorithm` the one
 * that its digest is wanted in.
 * A document that could be read both as an image and as an index is refused (CVE-2021-41190).
 *
 * @throws Fault `InvalidManifest`
 */
export function parseManifest(bytes: Uint8Array, declared?: string, algorithm: DigestAlgorithm = 'sha256'): Manifest {
  const document = parseDocument(bytes);
  const mediaType = mediaTypeOf(document, declared);
  const kind = MANIFEST_MEDIA_TYPES[mediaType];
  const parsed = (kind === 'image' ? image : index).safeParse(document);
  // ECR says no more than this of JSON that is no manifest (fidelity facts, section 7.2).
  if (!parsed.success) throw refusal('Invalid JSON syntax');
  const { subject } = parsed.data;
  const config = kind === 'image' ? (parsed.data.config as RawDescriptor) : undefined;
  const layers = kind === 'image' ? (parsed.data.layers as RawDescriptor[]) : [];
  const manifests = kind === 'index' ? (parsed.data.manifests as RawDescriptor[]) : [];
  return {
    digest: digestOf(bytes, algorithm),
    mediaType,
    kind,
    bytes,
    blobs: distinct(config ? [config, ...layers] : layers).map((alike) => ({
      ...toDescriptor(alike[0]),
      required: !alike.every(mayLiveElsewhere),
    })),
    children: distinct(manifests).map(([raw]) => toDescriptor(raw)),
    configMediaType: config?.mediaType,
    subject: subject ? toDescriptor(subject) : undefined,
    artifactType: parsed.data.artifactType || config?.mediaType,
    annotations: parsed.data.annotations ?? undefined,
  };
}

function parseDocument(bytes: Uint8Array): Record<string, unknown> {
  let document: unknown;
  try {
    document = parseStrictJson(bytes);
  } catch {
    throw refusal('Invalid JSON syntax');
  }
  const isObject = typeof document === 'object' && document !== null && !Array.isArray(document);
  if (!isObject || Object.keys(document as object).length === 0) throw refusal('Invalid JSON syntax');
  return document as Record<string, unknown>;
}

/** The document's own `mediaType` and the declared one must agree; without either, the shape decides between the OCI types. */
function mediaTypeOf(document: Record<string, unknown>, declared: string | undefined): ManifestMediaType {
  const own = document['mediaType'];
  if (own !== undefined && typeof own !== 'string') throw refusal('Invalid JSON syntax');
  if (own !== undefined && declared !== undefined && own !== declared) {
    throw refusal(`The media type '${declared}' of the request differs from '${own}' in the manifest`);
  }
  const named = own ?? declared;
  if (named === undefined) {
    if (Array.isArray(document['manifests'])) return 'application/vnd.oci.image.index.v1+json';
    if (document['config'] !== undefined) return 'application/vnd.oci.image.manifest.v1+json';
    throw refusal('Invalid JSON syntax');
  }
  if (!isManifestMediaType(named)) throw refusal(`Unsupported manifest media type '${named.slice(0, 255)}'`);
  return named;
}

function mayLiveElsewhere(raw: RawDescriptor): boolean {
  return (
    (raw.urls?.length ?? 0) > 0 ||
    raw.mediaType.includes('.nondistributable.') ||
    raw.mediaType.includes('.rootfs.foreign.')
  );
}

function toDescriptor(raw: RawDescriptor): Descriptor {
  return { mediaType: raw.mediaType, digest: raw.digest as Digest, size: raw.size };
}

/** The descriptors of each digest, in order of first mention. The same bytes cannot have two sizes. */
function distinct(descriptors: readonly RawDescriptor[]): [RawDescriptor, ...RawDescriptor[]][] {
  const byDigest = new Map<string, [RawDescriptor, ...RawDescriptor[]]>();
  for (const raw of descriptors) {
    const alike = byDigest.get(raw.digest);
    if (!alike) byDigest.set(raw.digest, [raw]);
    else if (alike[0].size === raw.size) alike.push(raw);
    else throw refusal(`The manifest gives ${raw.digest} two sizes, ${alike[0].size} and ${raw.size}`);
  }
  return [...byDigest.values()];
}

function refusal(constraint: string): Fault<'InvalidManifest'> {
  return new Fault('InvalidManifest', { constraint });
}
