export { equalSecrets, tokenFromHeaders } from './bearer';
export { CredentialAuthenticator, type CredentialAuthenticatorOptions } from './credential-authenticator';
export { credentialsOf, type Credentials } from './credentials';
export { type InvalidReason, type Principal } from './principal';
export {
  createPrincipalDirectory,
  type AccountView,
  type DirectoryBroker,
  type DirectoryChange,
  type PrincipalDirectory,
  type PrincipalDirectoryOptions,
} from './principal-directory';
export {
  TokenCodec,
  type SignedToken,
  type SigningSecret,
  type TokenClaims,
  type TokenSubject,
} from './token-codec';
