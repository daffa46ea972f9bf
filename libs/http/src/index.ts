export { type UpgradeHandler } from './http-listener';
