export { type InvalidReason, type Principal } from './principal';
export { type AccountView, type DirectoryChange, type PrincipalDirectory } from './principal-directory';
