export { encodeFrame } from './encode-frame';
export {
  clientCommands,
  serverCommands,
  stompVersions,
  type FrameLimits,
  type StompFrame,
  type StompHeaders,
  type StompVersion,
} from './frame';
export { FrameDecoder, type Decoded, type FrameDecoderOptions, type FrameFault } from './frame-decoder';
