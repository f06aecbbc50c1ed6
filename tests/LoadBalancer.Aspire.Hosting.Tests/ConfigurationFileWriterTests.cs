using Aspire.Hosting.LoadBalancing;

namespace Aspire.Hosting.Tests;

public sealed class ConfigurationFileWriterTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_directory.FullName, "edge.json");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_text_is_written_once_and_leaves_nothing_beside_it()
    {
        var writer = new ConfigurationFileWriter(File);

        Assert.True(await writer.WriteAsync("one", Cancelled));
        System.IO.File.Delete(File);
        Assert.False(await writer.WriteAsync("one", Cancelled));
        Assert.False(System.IO.File.Exists(File));
        Assert.True(await writer.WriteAsync("two", Cancelled));

        Assert.Equal("two", await System.IO.File.ReadAllTextAsync(File, Cancelled));
        Assert.Equal([File], Directory.GetFiles(_directory.FullName));
    }

    [Fact]
    public async Task A_text_that_could_not_be_written_is_new_the_next_time()
    {
        var writer = new ConfigurationFileWriter(Path.Combine(_directory.FullName, "missing", "edge.json"));

        await Assert.ThrowsAsync<DirectoryNotFoundException>(() => writer.WriteAsync("one", Cancelled));
        Directory.CreateDirectory(Path.GetDirectoryName(writer.Path)!);

        Assert.True(await writer.WriteAsync("one", Cancelled));
    }

    [Fact]
    public async Task A_reader_never_sees_a_part_of_the_text()
    {
        var writer = new ConfigurationFileWriter(File);
        var texts = new[] { new string('a', 1_000_000), new string('b', 1_000_000) };
        await writer.WriteAsync(texts[0], Cancelled);
        using var written = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = Task.Run(
            () =>
            {
                var reads = 0;
                while (!written.IsCancellationRequested)
                {
                    Assert.Contains(System.IO.File.ReadAllText(File), texts);
                    reads++;
                    begun.TrySetResult();
                }

                return reads;
            },
            Cancelled);

        await Task.WhenAny(begun.Task, reading);
        for (var i = 1; i <= 100; i++)
        {
            await writer.WriteAsync(texts[i % 2], Cancelled);
        }

        await written.CancelAsync();
        Assert.True(await reading > 0);
    }
}
