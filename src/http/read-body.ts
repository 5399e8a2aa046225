import type { Readable } from 'node:stream';
import { Fault } from '../model/fault.ts';
import { BodyInterrupted } from './body-interrupted.ts';

/** A request body: `request.raw`, or any stream in a test. */
export type BodyStream = Readable & { readonly headers?: { readonly 'content-length'?: string | undefined } };

const FIRST_BYTES = 65_536;

/**
 * The whole body, at most `limit` bytes. The stream is left open, its rest discarded, so the caller can still be answered.
 *
 * @throws Fault `RequestTooLarge` as soon as Content-Length says so or the bytes exceed it
 * @throws BodyInterrupted
 */
export function readBody(stream: BodyStream, { limit }: { readonly limit: number }): Promise<Buffer> {
  const declared = Number(stream.headers?.['content-length'] ?? 0);
  if (declared > limit) return Promise.reject(new Fault('RequestTooLarge', { limit }));
  if (stream.destroyed) return Promise.reject(new BodyInterrupted());
  return new Promise((resolve, reject) => {
    // One buffer that grows, since a chunk kept by itself costs hundreds of bytes however small it is.
    let buffer = Buffer.allocUnsafe(Math.min(declared || FIRST_BYTES, FIRST_BYTES));
    let length = 0;

    const onData = (chunk: Buffer) => {
      if (length + chunk.length > limit) return settle(() => reject(new Fault('RequestTooLarge', { limit })));
      if (length + chunk.length > buffer.length) buffer = grown(buffer, length, length + chunk.length, limit);
      chunk.copy(buffer, length);
      length += chunk.length;
    };
    const onEnd = () => settle(() => resolve(buffer.subarray(0, length)));
    const onError = (cause: unknown) => settle(() => reject(new BodyInterrupted({ cause })));
    const onClose = () => settle(() => reject(new BodyInterrupted()));
    const settle = (answer: () => void) => {
      stream.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
      answer();
    };
    stream.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose);
    stream.resume();
  });
}

function grown(buffer: Buffer, used: number, needed: number, limit: number): Buffer<ArrayBuffer> {
  const bigger = Buffer.allocUnsafe(Math.min(limit, Math.max(needed, buffer.length * 2)));
  buffer.copy(bigger, 0, 0, used);
  return bigger;
}
