import type { DownloadLinks } from '../policy/download-links.ts';
import type { RegistryTokens } from '../policy/registry-tokens.ts';
import type { PullRecorder } from '../registry/image/pull-recorder.ts';
import type { Ports } from '../registry/ports.ts';
import type { PageTokens } from './page-tokens.ts';

/** What the operations stand on. Each names those it needs. */
export interface EcrPorts extends Ports {
  readonly pulls: PullRecorder;
  readonly pageTokens: PageTokens;
  readonly tokens: RegistryTokens;
  readonly links: DownloadLinks;
  /** Whether links to layers lead to the store, where it has addresses to give. */
  readonly blobRedirects: boolean;
  /** The path and query of a link to a layer, on whichever edge serves it. */
  readonly layerLinkPath: (target: LayerLinkTarget, query: string) => string;
}

type LayerLinkTarget = Parameters<DownloadLinks['sign']>[0];
