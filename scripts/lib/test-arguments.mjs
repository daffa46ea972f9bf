const PROJECTS = ['unit', 'int', 'e2e'];

export const TEST_HELP = `npm test [-- [--unit] [--int] [--e2e] [--no-build] [arguments of Jest]]

Runs the unit, integration and end-to-end tests; the options choose. --no-build neither installs nor builds: unit
and integration tests run from the sources, end-to-end tests run what was built. Everything else goes to Jest:

  npm test -- --unit
  npm test -- libs/broker
  npm test -- --e2e -t "broker restart"

Integration and end-to-end tests need a real RabbitMQ and a real PostgreSQL. They come from, in this order:

  RINGDOWN_TEST_AMQP_URL (and RINGDOWN_TEST_AMQP_MANAGEMENT_URL), RINGDOWN_TEST_DATABASE_URL
  a Docker engine that has, or gets within 120 s, the images rabbitmq:4-management and postgres:17
  an installed package, run as a private server in a temporary directory
  the Debian or Ubuntu package, installed when run as root (RINGDOWN_TEST_INSTALL=0 forbids it)

Tests with a telephone switch build docker/asterisk with a Docker engine of this machine and need SIPp (Debian package
sip-tester, installed when run as root).

Otherwise those tests are reported as skipped; with CI=true that is a failure,
where the switch is concerned only with RINGDOWN_TEST_REQUIRE_DOCKER=true.
RINGDOWN_TEST_SERVERS=docker|private leaves only one way. The last line counts the tests.`;

/**
 * @param {string[]} args
 * @returns {{ help: boolean, build: boolean, projects: string[], jestArgs: string[] }}
 */
export function parseTestArguments(args) {
  const chosen = PROJECTS.filter((project) => args.includes(`--${project}`));
  return {
    help: args.includes('--help') || args.includes('-h'),
    build: !args.includes('--no-build'),
    projects: chosen.length > 0 ? chosen : PROJECTS,
    jestArgs: args.filter(
      (arg) => arg !== '--no-build' && !PROJECTS.some((project) => arg === `--${project}`),
    ),
  };
}
