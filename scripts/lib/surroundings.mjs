// What a person must do depends on where the tools run: in the repository, or in a container of docker compose.
let composed = false;

/** Said once by the container's entry. */
export function inCompose(yes = true) {
  composed = yes;
}

/** How the tools learn a password that has been changed. */
export function newPasswordText() {
  return composed
    ? 'give the tools the present one: docker compose run --rm -T init set login < FILE'
    : 'give the tools the present one with --password-file FILE';
}

export function notRunningText() {
  return composed
    ? 'Is it running? docker compose ps shows what is, docker compose up --wait starts it.'
    : 'Is Ringdown running? --url names another place.';
}
