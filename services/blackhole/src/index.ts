export { buildBlackhole, type Blackhole } from './blackhole';
export { type BlackholePorts } from './container';
export { closeReasons, type CloseReason, type Reconnect } from './core/close-codes';
