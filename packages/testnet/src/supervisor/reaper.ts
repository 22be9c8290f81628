import { type ChildProcess, spawn } from 'node:child_process'

/**
 * A shell that outlives a killed supervisor by a moment: it reads which processes live, and when its input ends it kills those
 * left. A peer that is paused, or stuck in a loop, can't notice by itself that its supervisor is gone.
 */
export class Reaper {
  #shell: ChildProcess | undefined
  #gone: Promise<void> = Promise.resolve()

  add(pid: number): void {
    this.#shell ??= this.#launch()
    this.#shell.stdin?.write(`+ ${pid}\n`)
  }

  remove(pid: number): void {
    this.#shell?.stdin?.write(`- ${pid}\n`)
  }

  /** Only when every process added was removed: what is left is killed. */
  async close(): Promise<void> {
    // Unreferenced it never kept the supervisor alive; now its end is waited for.
    this.#shell?.ref()
    this.#shell?.stdin?.end()
    await this.#gone
  }

  #launch(): ChildProcess {
    const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    this.#gone = new Promise((resolve) => {
      shell.once('exit', () => resolve())
      shell.once('error', () => resolve())
    })
    // Without a shell the peers still end by themselves when the channel closes.
    shell.stdin.on('error', () => undefined)
    shell.unref()
    return shell
  }
}

const script = `
trap '' INT TERM HUP QUIT
alive=' '
while read -r sign pid; do
  case $sign in
    +) alive="$alive$pid " ;;
    -) alive="\${alive%%" $pid "*} \${alive#*" $pid "}" ;;
  esac
done
for pid in $alive; do kill -KILL "$pid"; done
`
