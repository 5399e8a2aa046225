import { Fault, isFault } from '../../../model/fault.ts';
import { appendToUpload } from '../../../registry/layer/append-upload.ts';
import type { UploadPath } from '../../../registry/layer/upload-session.ts';
import { factsOf } from '../../../registry/layer/upload-session.ts';
import { namesOf } from '../../../registry/repository/repository-path.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation, Parsed } from '../../operation.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { MAX_LAYER_PART_BYTES, UploadLayerPartRequest } from '../../shapes/layer.ts';

/** The part in base64, and the other members beside it. */
const MAX_BODY_BYTES = Math.ceil(MAX_LAYER_PART_BYTES / 3) * 4 + 64 * 1024;

export const UploadLayerPart = (
  ports: Pick<EcrPorts, 'metadata' | 'uploads' | 'clock' | 'retention'>,
): Operation<'UploadLayerPart'> => ({
  input: UploadLayerPartRequest,
  maxBodyBytes: MAX_BODY_BYTES,
  resource: arnOf,
  run: async (input, call) => {
    const path = { ...pathOf(input, call), uploadId: input.uploadId };
    const after = await append(ports, path, input);
    return { ...namesOf(path), uploadId: input.uploadId, lastByteReceived: after.offset - 1 };
  },
});

/** Positions are those of the first and the last byte, both included; parts come in order and without gaps. */
function checkPart(input: Parsed<'UploadLayerPart'>, path: UploadPath, offset: number): void {
  const { partFirstByte, partLastByte, layerPartBlob } = input;
  if (partFirstByte !== offset)
    throw invalid(path, offset, `its first byte is ${partFirstByte} where ${offset} is next`);
  const announced = partLastByte - partFirstByte + 1;
  if (announced !== layerPartBlob.byteLength) {
    throw invalid(path, offset, `it has ${layerPartBlob.byteLength} bytes where its positions say ${announced}`);
  }
  if (announced === 0) throw invalid(path, offset, 'it is empty');
}

async function append(
  ports: Pick<EcrPorts, 'metadata' | 'uploads' | 'clock' | 'retention'>,
  path: UploadPath,
  input: Parsed<'UploadLayerPart'>,
) {
  const { partFirstByte, layerPartBlob } = input;
  try {
    return await appendToUpload(ports, path, {
      bytes: once(layerPartBlob),
      first: partFirstByte,
      length: layerPartBlob.byteLength,
      check: (offset) => checkPart(input, path, offset),
    });
  } catch (error) {
    // Another part overtook this one between the look and the write.
    if (isFault(error, 'RangeOutOfOrder') || isFault(error, 'UploadBusy')) {
      throw invalid(path, error.facts.offset, error.message);
    }
    throw error;
  }
}

function invalid(path: UploadPath, offset: number, reason: string): Fault<'InvalidLayerPart'> {
  return new Fault('InvalidLayerPart', { ...factsOf(path), lastValidByteReceived: offset - 1, reason });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
