using System.Collections.Concurrent;

namespace Aspire.Hosting.Tests;

/// <summary>Requests that follow each other without a pause until they are to end, and what became of them.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly Task[] _clients;
    private long _answered;

    /// <param name="clients">How many ask at a time.</param>
    /// <param name="askAsync">Asks once; throws when it is not answered as it should be.</param>
    public Load(int clients, Func<Task> askAsync) => _clients = [.. Enumerable.Range(0, clients).Select(_ => Task.Run(() => RunAsync(askAsync)))];

    public long Answered => Volatile.Read(ref _answered);

    /// <returns>The requests that failed.</returns>
    public async Task<IReadOnlyCollection<string>> EndAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_clients);
        return _failures;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _ending.Dispose();
    }

    private async Task RunAsync(Func<Task> askAsync)
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                await askAsync();
                Interlocked.Increment(ref _answered);
            }
            catch (Exception e)
            {
                _failures.Enqueue($"{DateTime.UtcNow:O} {e.GetType().Name}: {e.Message}");
            }
        }
    }
}
