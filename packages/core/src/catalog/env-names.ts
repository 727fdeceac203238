const BY_LAUNCHER = 'the launcher sets it itself for every host; leave it out';
const BY_SHELL = 'a shell or the Docker client on the host would act on it; choose another name or bake it into the image';

const TAKEN: Readonly<Record<string, string>> = {
  VLLM_HOST_IP: BY_LAUNCHER,
  RAY_NODE_IP_ADDRESS: BY_LAUNCHER,
  RAY_OVERRIDE_NODE_IP_ADDRESS: BY_LAUNCHER,
  MN_IF_NAME: BY_LAUNCHER,
  VLLM_SPARK_EXTRA_DOCKER_ARGS: BY_LAUNCHER,
  HF_HOME: "the cluster's hf_cache decides where the cache lies; set it there",
  // The launch script keeps the arguments in an array of this name, and bash cannot export an array.
  A: 'the launch script uses this name; choose another',
};

// Read-only in bash, or read by a shell, the dynamic linker or the Docker client before the container exists.
const SHELL_NAMES =
  /^(?:PATH|HOME|IFS|ENV|PS4|UID|EUID|PPID|GROUPS|SHELL|SHELLOPTS|BASHOPTS|BASH|BASH_.*|LD_PRELOAD|LD_AUDIT|DOCKER_.*|_|OLDPWD|PWD|SHLVL|OPTIND|OPTARG|RANDOM|SECONDS|LINENO)$/;

/** Why an environment variable of this name cannot be given to a model, in half a sentence; `null`: it can. */
export function envNameProblem(name: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) {
    return 'a name has letters, digits and underscores, starts with no digit and has at most 128 characters';
  }
  const taken = Object.hasOwn(TAKEN, name) ? TAKEN[name] : undefined;
  if (taken !== undefined) return taken;
  return SHELL_NAMES.test(name) || name === '__proto__' ? BY_SHELL : null;
}

/** Whether a name looks like that of a secret: its value is masked wherever people read it, also when the entry holds it in clear. */
export const looksSecret = (name: string): boolean => /TOKEN|SECRET|PASSW|CREDENTIAL|(?:^|_)(?:API_?)?KEYS?(?:_|$)|APIKEY/i.test(name);
