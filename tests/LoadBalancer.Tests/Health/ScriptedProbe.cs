using System.Collections.Concurrent;
using LoadBalancer.Backends;
using LoadBalancer.Health;

namespace LoadBalancer.Tests.Health;

/// <summary>
/// Checks end as the test says and when it says. When the next check of a backend begins, its monitor has dealt with
/// the verdict before, so tests need no clock.
/// </summary>
internal sealed class ScriptedProbe : IHealthProbe, IDisposable
{
    private readonly ConcurrentDictionary<Backend, SemaphoreSlim> _begun = new();
    private readonly ConcurrentDictionary<Backend, TaskCompletionSource<string?>> _verdicts = new();

    public ConcurrentDictionary<Backend, int> Checks { get; } = new();

    public bool IsDisposed { get; private set; }

    public async Task<string?> CheckAsync(Backend backend, CancellationToken cancellationToken)
    {
        Checks.AddOrUpdate(backend, 1, (_, count) => count + 1);
        var verdict = _verdicts[backend] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Begun(backend).Release();
        return await verdict.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Waits until a check is under way.</summary>
    public async Task BegunAsync(Backend backend) =>
        Assert.True(await Begun(backend).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken), "No check began.");

    /// <summary>Ends the check that is under way and waits for the next: what follows from the first has happened then.</summary>
    public async Task EndsAsync(Backend backend, string? error)
    {
        _verdicts[backend].SetResult(error);
        await BegunAsync(backend);
    }

    /// <summary>Ends the check that is under way with an exception.</summary>
    public async Task ThrowsAsync(Backend backend, Exception exception)
    {
        _verdicts[backend].SetException(exception);
        await BegunAsync(backend);
    }

    public void Dispose() => IsDisposed = true;

    private SemaphoreSlim Begun(Backend backend) => _begun.GetOrAdd(backend, _ => new(0));
}
