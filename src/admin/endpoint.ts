import type { AdminEdge } from './admin-edge.ts';
import type { Answer, Call } from './call.ts';

/** Understands the input, asks for permission, acts. In that order. */
export type Endpoint = (edge: AdminEdge, call: Call) => Promise<Answer>;
