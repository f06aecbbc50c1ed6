
namespace LoadBalancer.EndToEnd.Tests;

internal static class Wait
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"waited in vain for {what()}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
