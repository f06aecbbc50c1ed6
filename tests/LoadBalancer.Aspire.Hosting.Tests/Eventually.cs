using System.Diagnostics;
using System.Text.Json;

namespace Aspire.Hosting.Tests;

/// <summary>Waits for what is to come true by itself, and no longer than it takes.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <returns>What was found, once it is as expected.</returns>
    public static async Task<T> GetAsync<T>(Func<Task<T>> look, Func<T, bool> expected, TimeSpan deadline)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var found = await look();
            if (expected(found))
            {
                return found;
            }

            Assert.True(Stopwatch.GetElapsedTime(started) < deadline, $"After {deadline}: {JsonSerializer.Serialize(found)}");
            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }
}
