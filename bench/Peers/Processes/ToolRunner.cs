namespace Peers.Processes;

/// <summary>Runs a load generator to its end; a run that is cancelled ends it.</summary>
internal sealed class ToolRunner(OrphanGuard guard)
{
    /// <returns>What it wrote to standard output.</returns>
    /// <exception cref="BenchException">It failed.</exception>
    public async Task<string> RunAsync(Command command, CancellationToken cancellation)
    {
        await using var tool = ProcessGroup.Start(command, guard);
        await tool.WaitForExitAsync(cancellation);
        return tool.ExitCode == 0
            ? await tool.Output
            : throw new BenchException($"{Path.GetFileName(command.File)} failed: {await tool.ExplainExitAsync()}");
    }
}
